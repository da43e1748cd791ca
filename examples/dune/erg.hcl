# A dune project as it is, built and tested by five compilers, none of which is installed. The dune files know nothing of
# that: the contexts are all that is added, and the table of compilers is that of ../compilers, so what that example has
# built is here already.

workspace {
  name    = "dune"
  default = concat(values(context.on["*"]), [context.windows])
}

toolchain "cc" "system" {}

toolchain "cc" "mingw" {
  target = "x86_64-w64-mingw32"
}

# What runs while the project is built: the generator of gen/, the rewriter of ppx/. One compiler makes it for all.
context "tools" {
  toolchains = [toolchain.ocaml.built["5.3"], toolchain.cc.system]
  dirs       = ["gen", "ppx"]
}

# The project, with each compiler.
template "project" {
  host = context.tools
  dirs = ["bin", "lib", "test"]
}

context "on" {
  for_each   = local.compilers
  extends    = template.project
  toolchains = [toolchain.ocaml.built[each.key], toolchain.cc.system]
}

context "windows" {
  extends    = template.project
  toolchains = [toolchain.ocaml.windows, toolchain.cc.mingw]

  runner {
    command = ["wine", "{program}", "{args}"]
    state   = "wine"
    env = {
      WINEPREFIX        = "{state}"
      WINEDEBUG         = "-all"
      WINEDLLOVERRIDES  = "wineboot.exe="
      WINEBOOTSTRAPMODE = "1"
    }
  }
}

# The compilers. With switches of opam, `prefix = "/home/me/.opam/NAME"` in a toolchain stands for all that follows.

locals {
  compilers = {
    "4.10" = {
      npm       = "4.10.0"
      integrity = "sha512-HV3V/6VfYli5XTm/DC91YIAbgjB+6vUP/BHrPOHoXi+PAGa83kS4BLV6og3cmYJmrr0RT0hWuIhev+9nSYchHA=="
      patches   = ["patches/altstack.patch"]
      configure = ["--prefix={prefix}", "--disable-ocamldoc", "--disable-debugger", "--disable-debug-runtime", "--disable-instrumented-runtime"]
    }
    "4.14" = {
      npm       = "4.14.1000"
      integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
      patches   = []
      configure = local.configure
    }
    "4.14-flambda" = {
      npm       = "4.14.1000"
      integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
      patches   = []
      configure = concat(local.configure, ["--enable-flambda"])
    }
    "5.3" = {
      npm       = "5.3.0"
      integrity = "sha512-D0uG44Q3r6LY4wSzhBZpHe+q1yMJ4QHgk5R1Osv7qLWBgWPQ2jE60vY6rXgJraL/H9fvsWOF3KZSIro/bS+Z8A=="
      patches   = []
      configure = concat(local.configure, ["--without-zstd"]) # whether or not the machine has it
    }
  }

  configure = [
    "--prefix={prefix}", "--disable-ocamldoc", "--disable-ocamltest", "--disable-debugger", "--disable-debug-runtime", "--disable-instrumented-runtime",
  ]
}

source "ocaml" {
  for_each  = local.compilers
  npm       = "ocaml@${each.value.npm}"
  integrity = each.value.integrity
  patches   = each.value.patches
}

context "ocaml" {
  for_each   = local.compilers
  toolchains = [toolchain.cc.system]
  dirs       = []

  package "ocaml" {
    source = source.ocaml[each.key]
    steps = [
      [for arg in concat(["./configure"], each.value.configure) : replace(arg, "{prefix}", prefix)],
      ["make"],
      ["make", "install"],
    ]
  }
}

toolchain "ocaml" "built" {
  for_each = local.compilers
  prefix   = context.ocaml[each.key].prefix.ocaml
}

# A compiler that makes programs for Windows, compiled by the native one of the same version.

source "cross" {
  npm       = "ocaml@${local.compilers["5.3"].npm}"
  integrity = local.compilers["5.3"].integrity
  patches   = ["patches/mingw.patch", "patches/cross.patch"]
}

context "cross" {
  toolchains = [toolchain.cc.mingw]
  dirs       = []

  package "ocaml" {
    source = source.cross
    deps   = [context.ocaml["5.3"].prefix.ocaml]
    tools  = ["gcc"]
    steps = [
      concat(
        ["./configure", "--build=x86_64-pc-linux-gnu", "--host=x86_64-w64-mingw32", "--disable-shared", "--disable-installing-source-artifacts", "--without-zstd"],
        [for arg in local.configure : replace(arg, "{prefix}", prefix)],
      ),
      ["make", "-f", "cross.mk"],
      ["make", "-f", "cross.mk", "install"],
    ]
  }
}

toolchain "ocaml" "windows" {
  prefix = context.cross.prefix.ocaml
  target = "x86_64-w64-mingw32"
}
