# Installs the seed as a compiler of this machine, with the library compiled by it.
prefix=$1 runtime=$2
lib=$prefix/lib/ocaml
mkdir -p $prefix/bin $lib
cp boot/ocamlc $lib/ocamlc.boot

# The seed was configured for no machine; this one's are the names of files and of the C compiler.
value() { sed -n "s/^$1=//p" $runtime/configured/Makefile.config; }
{
    OCAMLLIB=$lib $runtime/bin/ocamlrun boot/ocamlc -config | grep -E '^(version|standard_library|int_size|word_size|os_type|flambda):'
    echo "architecture: $(value ARCH)"
    echo "system: $(value SYSTEM)"
    echo "target: $(value TARGET)"
    echo "c_compiler: $(value CC)"
    echo "ext_exe: $(value EXE)"
    echo "ext_obj: .$(value O)"
    echo "ext_lib: .$(value A)"
    echo "ext_dll: .so"
} > $lib/config

cat > $prefix/bin/ocamlc <<END
#!/bin/sh
[ "\$1" = -config ] && exec cat $lib/config
exec $runtime/bin/ocamlrun $lib/ocamlc.boot "\$@"
END
cat > $prefix/bin/ocamldep <<END
#!/bin/sh
exec $runtime/bin/ocamlrun $lib/ocamlc.boot -depend "\$@"
END
{ echo "#!$runtime/bin/ocamlrun"; cat boot/ocamllex; } > $prefix/bin/ocamllex
cp $runtime/bin/ocamlyacc $prefix/bin
chmod +x $prefix/bin/*

cp -R $runtime/configured/. .
make -C stdlib stdlib.cma std_exit.cmo CAMLC="$runtime/bin/ocamlrun $PWD/boot/ocamlc"
cp -R $runtime/lib/ocaml/. stdlib/stdlib.cma stdlib/std_exit.cmo stdlib/*.cmi $lib
