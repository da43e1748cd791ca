# One OCaml project and seven compilers, none of which is installed. The contexts `ocaml` build compilers from their
# sources, and the contexts `app` build the project with them; `cross` and `windows` do so for Windows.

workspace {
  name    = "compilers"
  default = concat(values(context.app["*"]), [context.windows])
}

locals {
  # The table of compilers: a line more is a compiler more.
  #   npm, integrity  where its sources are
  #   patches         what they need on the systems of today
  #   configure       how it is configured
  #   make            what to make, where that is not what make makes by itself
  compilers = {
    "4.06" = {
      npm       = "4.6.10"
      integrity = "sha512-Q1ltnRe9fRJZwlZrdIc+hI9JY5rQNytao9fWD/okfi7eUlTP6iwPPyHdTEm0GWpFNXxleCHQNHOnYJ65QYu8cA=="
      patches   = ["patches/altstack-4.06.patch"]
      configure = ["-prefix", "{prefix}", "-cc", "gcc -fcommon", "-no-debugger", "-no-ocamldoc", "-no-graph"]
      make      = ["world.opt"]
    }
    "4.10" = {
      npm       = "4.10.0"
      integrity = "sha512-HV3V/6VfYli5XTm/DC91YIAbgjB+6vUP/BHrPOHoXi+PAGa83kS4BLV6og3cmYJmrr0RT0hWuIhev+9nSYchHA=="
      patches   = ["patches/altstack.patch"]
      configure = ["--prefix={prefix}", "--disable-ocamldoc", "--disable-debugger", "--disable-debug-runtime", "--disable-instrumented-runtime"]
      make      = []
    }
    "4.12" = {
      npm       = "4.12.0"
      integrity = "sha512-bwxLn0EdLVf0wleHgsdrTsVGiw4DCFCLCvoxHG/hwAnCloKbQEVSHso75LYLOOeW7m6Wrguz3M+pSkJVnvZ4og=="
      patches   = ["patches/altstack.patch"]
      configure = local.configure
      make      = []
    }
    "4.14" = {
      npm       = "4.14.1000"
      integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
      patches   = []
      configure = local.configure
      make      = []
    }
    "4.14-flambda" = {
      npm       = "4.14.1000"
      integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
      patches   = []
      configure = concat(local.configure, ["--enable-flambda"])
      make      = []
    }
    "5.3" = {
      npm       = "5.3.0"
      integrity = "sha512-D0uG44Q3r6LY4wSzhBZpHe+q1yMJ4QHgk5R1Osv7qLWBgWPQ2jE60vY6rXgJraL/H9fvsWOF3KZSIro/bS+Z8A=="
      patches   = []
      configure = concat(local.configure, ["--without-zstd"]) # whether or not the machine has it
      make      = []
    }
  }

  # The compilers and their libraries, without what the project does not need.
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

toolchain "cc" "system" {}

context "ocaml" {
  for_each   = local.compilers
  toolchains = [toolchain.cc.system]
  dirs       = []

  package "ocaml" {
    source = source.ocaml[each.key]
    steps = [
      [for arg in concat(["./configure"], each.value.configure) : replace(arg, "{prefix}", prefix)],
      concat(["make"], each.value.make),
      ["make", "install"],
    ]
  }
}

# A compiler that a context has built is a toolchain.
toolchain "ocaml" "built" {
  for_each = local.compilers
  prefix   = context.ocaml[each.key].prefix.ocaml
}

template "app" {
  dirs = ["hash", "lib", "tally"]
}

context "app" {
  for_each   = local.compilers
  extends    = template.app
  toolchains = [toolchain.ocaml.built[each.key], toolchain.cc.system]
}

# A compiler that runs here and makes programs for Windows. The native one of the same version compiles it; OCaml 5.3
# knows how to be one except for what the patches say.

source "cross" {
  npm       = "ocaml@${local.compilers["5.3"].npm}"
  integrity = local.compilers["5.3"].integrity
  patches   = ["patches/mingw.patch", "patches/cross.patch"]
}

toolchain "cc" "mingw" {
  target = "x86_64-w64-mingw32"
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

context "windows" {
  extends    = template.app
  host       = context.app["5.3"]
  toolchains = [toolchain.ocaml.windows, toolchain.cc.mingw]

  runner {
    command = ["wine", "{program}", "{args}"]
    state   = "wine"
    env = {
      WINEPREFIX        = "{state}"
      WINEDEBUG         = "-all"
      WINEDLLOVERRIDES  = "wineboot.exe=" # A console program needs no installed Windows:
      WINEBOOTSTRAPMODE = "1"             # wine starts at once, and its prefix stays empty.
    }
  }
}
