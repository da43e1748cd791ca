# This file makes the directory a workspace: it says in which contexts the
# sources are built. What there is to build is declared by build.hcl files.

workspace {
  name = "NAME"
}

# A toolchain is a compiler together with all that it runs with. One that says
# nothing else is found on the PATH.
toolchain "cc" "system" {}

# A context is a configuration in which the sources are built. "erg build"
# builds every context; what it makes is below _build/app.
context "app" {
  toolchains = [toolchain.cc.system]
  dirs       = ["."]
  settings   = { greeting = "Hello" }
}

# A second context builds the same sources once more, differently: for example
# for another machine, with an emulator to run its programs here.
#
#   toolchain "cc" "arm64" {
#     target = "aarch64-linux-gnu"
#     cc     = "aarch64-linux-gnu-gcc"
#   }
#
#   context "arm64" {
#     toolchains = [toolchain.cc.arm64]
#     host       = context.app
#     dirs       = ["."]
#     runner { command = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "{program}", "{args}"] }
#   }
