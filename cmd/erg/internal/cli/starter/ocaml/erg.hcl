# This file makes the directory a workspace: it says in which contexts the
# sources are built. What there is to build is declared by build.hcl files.

workspace {
  name = "NAME"
}

# A toolchain is a compiler together with all that it runs with. One that says
# nothing else is found on the PATH.
toolchain "ocaml" "system" {}
toolchain "cc" "system" {} # links what the OCaml compiler makes

# A context is a configuration in which the sources are built. "erg build"
# builds every context; what it makes is below _build/app.
context "app" {
  toolchains = [toolchain.ocaml.system, toolchain.cc.system]
  dirs       = ["."]
}

# A second context builds the same sources once more, differently: for example
# with another compiler. What is equal in both is built once.
#
#   toolchain "ocaml" "next" { prefix = "/opt/ocaml-next" }
#
#   context "next" {
#     toolchains = [toolchain.ocaml.next, toolchain.cc.system]
#     dirs       = ["."]
#   }
