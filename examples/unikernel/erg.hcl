# One application for every machine that the program in config/ knows. Nothing below names a machine: toolchains,
# contexts and what they are made of come from what that program prints.

workspace {
  name = "unikernel"
}

# OCaml, as the npm registry has it: the compiler, and its runtime for machines that have no directories.

source "ocaml" {
  npm       = "ocaml@4.14.1000"
  integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
}

source "runtime" {
  npm       = "ocaml@4.14.1000"
  integrity = "sha512-98nVnqnoICa5brYnm60Wwevy72/YUki9KqogPPkXc357gUQoXCZ1vKsxMME6nyaAcuI9OT5/ozupoo4vTn8HQA=="
  patches   = ["runtime.patch"]
}

toolchain "cc" "system" {}

context "compiler" {
  toolchains = [toolchain.cc.system]
  dirs       = []

  package "ocaml" {
    source = source.ocaml

    steps = [
      ["./configure", "--prefix=${prefix}", "--disable-ocamldoc", "--disable-ocamltest", "--disable-debugger", "--disable-debug-runtime", "--disable-instrumented-runtime"],
      ["make"],
      ["make", "install"],
    ]
  }
}

toolchain "ocaml" "built" {
  prefix = context.compiler.prefix.ocaml
}

# The build machine. Its program knows devices and machines, and what the application needs of them.

context "config" {
  toolchains = [toolchain.ocaml.built, toolchain.cc.system]
  dirs       = ["config"]

  output "machines" {
    description = "how the application is built for each machine"
    run         = [self.bin.config]
    parse       = "json"

    type = map(object({
      code      = string       # "native" or "byte"
      cc        = string       # the C compiler
      cflags    = list(string) # for C and for linking
      ldflags   = list(string)
      runner    = list(string) # how its programs run here
      devices   = list(string) # the modules that implement them
      libraries = list(string) # what these modules need of OCaml's distribution
      main      = string       # the module that puts it all together
    }))
  }
}

# The machines: a C compiler, an OCaml runtime where there is only that, and the application.

toolchain "cc" "machine" {
  for_each = context.config.output.machines
  cc       = each.value.cc
  flags    = each.value.cflags

  runner {
    command = each.value.runner
  }
}

context "runtime" {
  for_each   = { for name, machine in context.config.output.machines : name => machine if machine.code == "byte" }
  toolchains = [toolchain.cc.machine[each.key]]
  dirs       = []

  package "ocaml" {
    source = source.runtime
    tools  = ["gcc"] # for a program that runs while it is built

    steps = [
      concat(
        ["./configure", "--build=${toolchain.cc.system.target}", "--host=${self.target}", "CC=${join(" ", concat([each.value.cc], each.value.cflags))}"],
        [for tool in ["ar", "nm", "objdump", "ranlib", "strip"] : "${upper(tool)}=${trimsuffix(each.value.cc, "gcc")}${tool}"],
        [for part in ["native-compiler", "shared", "systhreads", "unix-lib", "str-lib", "debugger", "ocamldoc", "debug-runtime", "instrumented-runtime"] : "--disable-${part}"],
      ),
      ["make", "-C", "runtime", "libcamlrun.a", "SAK_CC=gcc", "SAK_CFLAGS=-O -Icaml -I.", "SAK_LINK=gcc -o $(1) $(2)"],
      ["mkdir", "${prefix}/lib", "${prefix}/include"],
      ["cp", "runtime/libcamlrun.a", "${prefix}/lib"],
      ["cp", "-r", "runtime/caml", "${prefix}/include"],
    ]

    provides {
      lib = ["libcamlrun.a"]
    }
  }
}

context "machine" {
  for_each   = context.config.output.machines
  host       = context.config
  toolchains = [toolchain.ocaml.built, toolchain.cc.machine[each.key]]
  dirs       = ["sequences", "devices", "app", "machines/${each.key}"]
  settings   = each.value
}
