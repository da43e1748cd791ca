# Installs the runtime system, and what was configured for those who build the library.
prefix=$1
mkdir -p $prefix/bin $prefix/lib/ocaml/caml $prefix/share $prefix/configured/stdlib $prefix/configured/runtime
cp runtime/ocamlrun yacc/ocamlyacc $prefix/bin
cp runtime/libcamlrun.a runtime/libasmrun.a runtime/libcomprmarsh.a stdlib/runtime-launch-info $prefix/lib/ocaml
cp runtime/caml/*.h runtime/caml/*.tbl $prefix/lib/ocaml/caml
cp utils/domainstate.ml utils/domainstate.mli lambda/runtimedef.ml $prefix/share
cp utils/config_main.ml $prefix/share/config.ml
cp Makefile.config Makefile.build_config $prefix/configured
cp stdlib/sys.ml $prefix/configured/stdlib
