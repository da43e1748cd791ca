# The bootstrap of the OCaml compiler as a chain of contexts: each is compiled by what the one before makes public.

workspace {
  name = "bootstrap"
}

variable "ocaml" {
  description = "a directory with the sources of the compiler; without it, those of the release"
  type        = string
  default     = ""
}

source "release" {
  npm       = "ocaml@5.3.0"
  integrity = "sha512-D0uG44Q3r6LY4wSzhBZpHe+q1yMJ4QHgk5R1Osv7qLWBgWPQ2jE60vY6rXgJraL/H9fvsWOF3KZSIro/bS+Z8A=="
}

source "checkout" {
  for_each = var.ocaml == "" ? {} : { here = var.ocaml }
  dir      = each.value
}

locals {
  ocaml = var.ocaml == "" ? source.release : source.checkout["here"]

  # Processors, as the compiler calls them.
  arch = { x86_64 = "amd64", aarch64 = "arm64", riscv64 = "riscv", powerpc64le = "power", s390x = "s390x" }

  # What the library needs of a source tree beside itself.
  library = ["stdlib", "Makefile.common", "Makefile.config_if_required"]
}

toolchain "cc" "system" {}

toolchain "ocaml" "coldstart" {
  prefix = context.coldstart.prefix.ocaml
  env    = { OCAMLLIB = "${context.coldstart.prefix.ocaml}/lib/ocaml" }
}

toolchain "ocaml" "stage1" {
  prefix = context.stage1.prefix.ocaml
  env    = { OCAMLLIB = "${context.stage1.prefix.ocaml}/lib/ocaml" }
}

toolchain "ocaml" "stage2" {
  prefix = context.stage2.prefix.ocaml
  env    = { OCAMLLIB = "${context.stage2.prefix.ocaml}/lib/ocaml" }
}

toolchain "ocaml" "opt" {
  prefix = context.opt.prefix.ocaml
  env    = { OCAMLLIB = "${context.opt.prefix.ocaml}/lib/ocaml" }
}

toolchain "ocaml" "optopt" {
  prefix = context.optopt.prefix.ocaml
  env    = { OCAMLLIB = "${context.optopt.prefix.ocaml}/lib/ocaml" }
}

# The runtime system: C, and the only thing that needs configuring.
context "runtime" {
  toolchains = [toolchain.cc.system]
  dirs       = []

  package "runtime" {
    source = local.ocaml
    tools  = ["ar", "awk", "ranlib", "sed", "strip"]

    only = [
      "configure", "VERSION", "build-aux", "Makefile*", ".depend", ".depend.menhir",
      "runtime", "yacc", "stdlib/Makefile", "stdlib/.depend", "stdlib/StdlibModules", "stdlib/header.c",
      "lambda/generate_runtimedef.sh", "utils/domainstate.ml.c", "utils/domainstate.mli.c",
      "file_formats/cmo_format.mli", "file_formats/cmxs_format.mli", "otherlibs/dynlink/dynlink_platform_intf.ml",
      "*/*.in", "otherlibs/*/*.in", "manual/src/version.tex.in", "manual/src/html_processing/src/common.ml.in",
    ]

    steps = [
      [
        "./configure", "--prefix=${prefix}", "--disable-dependency-generation", "--disable-shared", "--without-zstd",
        "--disable-debugger", "--disable-debug-runtime", "--disable-instrumented-runtime", "--disable-ocamldoc",
        "--disable-ocamltest", "--disable-unix-lib", "--disable-str-lib",
      ],
      ["make", "runtime-all", "runtime-allopt", "ocamlyacc"],
      ["make", "utils/config_main.ml", "utils/domainstate.ml", "utils/domainstate.mli", "lambda/runtimedef.ml"],
      ["make", "-C", "stdlib", "runtime-launch-info", "target_runtime-launch-info"],
      ["sh", "-euc", file("runtime.sh"), "sh", prefix],
    ]

    provides {
      bin = ["ocamlrun"]
    }
  }
}

# The seed: the compiler that the sources come with, as byte code, and the library compiled by it.
context "coldstart" {
  toolchains = [toolchain.cc.system]
  dirs       = []

  package "ocaml" {
    source = local.ocaml
    only   = concat(local.library, ["boot/ocamlc", "boot/ocamllex"])
    deps   = [context.runtime.prefix.runtime]
    tools  = ["make", "sed"]
    steps  = [["sh", "-euc", file("coldstart.sh"), "sh", prefix, context.runtime.prefix.runtime]]
  }
}

# A compiler, compiled by the toolchain of the context, and the library, compiled by that.
template "compiler" {
  dirs    = ["compiler"]
  profile = "release"

  settings = {
    ocaml    = local.ocaml
    arch     = local.arch[toolchain.cc.system.arch]
    native   = true
    bytecode = false
    flags    = ["-strict-sequence", "-strict-formats", "-principal", "-w", "+a-4-9-40-41-42-44-45-48-66-67-70"]
    ldflags  = ["-cclib", "-lcomprmarsh"]
  }

  package "ocaml" {
    source = local.ocaml
    only   = local.library
    deps   = [context.runtime.prefix.runtime]
    tools  = ["make"]

    steps = [concat(
      ["sh", "-euc", file("stage.sh"), "sh", prefix, context.runtime.prefix.runtime],
      [for p in ["ocamlc", "ocamldep", "ocamllex"] : self.file["compiler/bin/${p}"]],
      self.settings.native ? [self.file["compiler/bin/ocamlopt"]] : [],
    )]
  }
}

# The same as byte code, which the runtime system executes.
template "bytecode" {
  extends = template.compiler

  settings = {
    native   = false
    bytecode = true
    ldflags  = ["-use-runtime", context.runtime.bin.ocamlrun]
  }

  runner {
    command = [context.runtime.bin.ocamlrun, "{program}", "{args}"]
  }
}

context "stage1" {
  extends    = template.bytecode
  toolchains = [toolchain.ocaml.coldstart, toolchain.cc.system]
}

context "stage2" {
  extends    = template.bytecode
  toolchains = [toolchain.ocaml.stage1, toolchain.cc.system]
}

# The compiler to native code, still byte code itself, and the library in native code.
context "opt" {
  extends    = template.bytecode
  toolchains = [toolchain.ocaml.stage2, toolchain.cc.system]
  settings   = { native = true }
}

# Both compilers in native code.
context "optopt" {
  extends    = template.compiler
  toolchains = [toolchain.ocaml.opt, toolchain.cc.system]
}

# What it was all for.
context "app" {
  toolchains = [toolchain.ocaml.optopt, toolchain.cc.system]
  dirs       = ["app"]
}

# The stages agree to the byte.
context "fixpoint" {
  dirs = ["fixpoint"]
}
