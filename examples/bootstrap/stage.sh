# Installs compilers as a toolchain, with the library that they compile.
prefix=$1 runtime=$2
shift 2
lib=$prefix/lib/ocaml
mkdir -p $prefix/bin $lib
install -m 755 "$@" $runtime/bin/ocamlyacc $prefix/bin
native=
[ ! -e $prefix/bin/ocamlopt ] || native="stdlib.cmxa std_exit.cmx"

cp -R $runtime/configured/. .
make -C stdlib stdlib.cma std_exit.cmo $native \
    CAMLC=$prefix/bin/ocamlc CAMLOPT=$prefix/bin/ocamlopt OPTCOMPILER=$prefix/bin/ocamlopt
cp -R $runtime/lib/ocaml/. stdlib/*.cmi stdlib/stdlib.cma stdlib/std_exit.cmo $lib
[ -z "$native" ] || cp stdlib/*.cmx stdlib/stdlib.cmxa stdlib/stdlib.a stdlib/std_exit.o $lib
