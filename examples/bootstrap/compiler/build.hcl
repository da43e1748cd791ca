# The compiler, module by module. What goes into which library, the sources' own makefile and dune files say.

setting "ocaml" {
  description = "the directory with the sources"
  type        = string
}

setting "arch" {
  description = "the processor, as the compiler calls it"
  type        = string
}

setting "bytecode" {
  description = "whether the compilers are byte code"
  type        = bool
}

setting "native" {
  description = "whether one of them compiles to native code"
  type        = bool
}

setting "flags" {
  type = list(string)
}

setting "ldflags" {
  type = list(string)
}

# What depends on the configuration and the runtime system alone was made with these.
rule "configured" {
  for_each = toset(["config.ml", "domainstate.ml", "domainstate.mli", "runtimedef.ml"])
  run      = ["cp", "${context.runtime.prefix.runtime}/share/${each.key}", each.key]
  outputs  = [each.key]
}

# The parser's generator is written in OCaml and no part of the sources, so what it makes is.
rule "parser" {
  for_each = {
    "parser.ml"                 = "parser.ml"
    "parser.mli"                = "parser.mli"
    "camlinternalMenhirLib.ml"  = "menhirLib.ml"
    "camlinternalMenhirLib.mli" = "menhirLib.mli"
  }
  run    = ["sed", "s/MenhirLib/CamlinternalMenhirLib/g", "${ctx.settings.ocaml}/boot/menhir/${each.value}"]
  stdout = each.key
}

executable "make_opcodes" {
  sources = ["${ctx.settings.ocaml}/tools/make_opcodes.mll"]
  ldflags = ctx.settings.ldflags
}

rule "opcodes" {
  run    = [executable.make_opcodes, "-opcodes"]
  stdin  = "${ctx.settings.ocaml}/runtime/caml/instruct.h"
  stdout = "opcodes.ml"
}

library "ocamlcommon" {
  wrapped = false
  flags   = ctx.settings.flags

  sources = concat(
    ["config.ml", "domainstate.ml", "domainstate.mli", "runtimedef.ml", "opcodes.ml"],
    ["parser.ml", "parser.mli", "camlinternalMenhirLib.ml", "camlinternalMenhirLib.mli"],
    ["${ctx.settings.ocaml}/parsing/lexer.mll"],
    [
      for f in glob(
        "${ctx.settings.ocaml}/utils/*.ml", "${ctx.settings.ocaml}/utils/*.mli",
        "${ctx.settings.ocaml}/parsing/*.ml", "${ctx.settings.ocaml}/parsing/*.mli",
        "${ctx.settings.ocaml}/typing/*.ml", "${ctx.settings.ocaml}/typing/*.mli",
        "${ctx.settings.ocaml}/lambda/*.ml", "${ctx.settings.ocaml}/lambda/*.mli",
        "${ctx.settings.ocaml}/file_formats/*.ml", "${ctx.settings.ocaml}/file_formats/*.mli",
      ) : f if !can(regex("/config[.][a-z]+[.]ml|/(linear|cmxs?)_format[.]", f))
    ],
    [
      for f in glob("${ctx.settings.ocaml}/bytecomp/*.ml", "${ctx.settings.ocaml}/bytecomp/*.mli") :
      f if can(regex("/(meta|instruct|bytesections|dll|symtable)[.]", f))
    ],
    [
      for f in glob("${ctx.settings.ocaml}/driver/*.ml", "${ctx.settings.ocaml}/driver/*.mli") :
      f if can(regex("/(pparse|compenv|main_args|compmisc|makedepend|compile_common)[.]", f))
    ],
  )
}

library "ocamlbytecomp" {
  wrapped = false
  flags   = ctx.settings.flags
  deps    = [library.ocamlcommon]

  sources = [
    for f in glob(
      "${ctx.settings.ocaml}/bytecomp/*.ml", "${ctx.settings.ocaml}/bytecomp/*.mli",
      "${ctx.settings.ocaml}/driver/*.ml", "${ctx.settings.ocaml}/driver/*.mli",
    ) : f if can(regex("/(bytegen|printinstr|emitcode|bytelink|bytelibrarian|bytepackager|errors|compile|maindriver)[.]", f))
  ]
}

# An executable begins with the module of its own name.
rule "main" {
  for_each = { ocamlc = "driver/main.ml", ocamlopt = "driver/optmain.ml", ocamllex = "lex/main.ml" }
  run      = ["cp", "${ctx.settings.ocaml}/${each.value}", "${each.key}.ml"]
  outputs  = ["${each.key}.ml"]
}

executable "ocamlc" {
  sources = ["ocamlc.ml"]
  deps    = [library.ocamlbytecomp]
  ldflags = ctx.settings.ldflags
}

executable "ocamldep" {
  sources = ["${ctx.settings.ocaml}/tools/ocamldep.ml"]
  deps    = [library.ocamlcommon]
  ldflags = ctx.settings.ldflags
}

executable "ocamllex" {
  ldflags = ctx.settings.ldflags

  sources = concat(
    ["ocamllex.ml", "${ctx.settings.ocaml}/lex/lexer.mll", "${ctx.settings.ocaml}/lex/parser.mly"],
    [
      for f in glob("${ctx.settings.ocaml}/lex/*.ml", "${ctx.settings.ocaml}/lex/*.mli") :
      f if !can(regex("/main[.]", f))
    ],
  )
}

# The compiler to native code.

executable "cvt_emit" {
  enabled = ctx.settings.native
  sources = ["${ctx.settings.ocaml}/tools/cvt_emit.mll"]
  ldflags = ctx.settings.ldflags
}

rule "emit" {
  enabled = ctx.settings.native
  run     = [executable.cvt_emit]
  stdin   = "${ctx.settings.ocaml}/asmcomp/${ctx.settings.arch}/emit.mlp"
  stdout  = "emit.ml"
}

library "ocamloptcomp" {
  enabled = ctx.settings.native
  wrapped = false
  flags   = ctx.settings.flags
  deps    = [library.ocamlcommon]

  sources = concat(
    ["emit.ml"],
    glob(
      "${ctx.settings.ocaml}/middle_end/**/*.ml", "${ctx.settings.ocaml}/middle_end/**/*.mli",
      "${ctx.settings.ocaml}/asmcomp/*.ml", "${ctx.settings.ocaml}/asmcomp/*.mli",
      "${ctx.settings.ocaml}/asmcomp/${ctx.settings.arch}/*.ml", "${ctx.settings.ocaml}/asmcomp/${ctx.settings.arch}/*.mli",
    ),
    [
      for f in glob(
        "${ctx.settings.ocaml}/file_formats/*.ml", "${ctx.settings.ocaml}/file_formats/*.mli",
        "${ctx.settings.ocaml}/driver/*.ml", "${ctx.settings.ocaml}/driver/*.mli",
      ) : f if can(regex("/(cmxs?_format|linear_format|opterrors|optcompile|optmaindriver)[.]", f))
    ],
  )
}

executable "ocamlopt" {
  enabled = ctx.settings.native
  sources = ["ocamlopt.ml"]
  deps    = [library.ocamloptcomp]
  ldflags = ctx.settings.ldflags
}

# Public are the programs without debug information: that names the compiler that made them, and their sources' lines.

executable "stripdebug" {
  enabled = ctx.settings.bytecode
  sources = ["${ctx.settings.ocaml}/tools/stripdebug.ml"]
  deps    = [library.ocamlcommon]
  ldflags = ctx.settings.ldflags
}

rule "ocamlc" {
  outputs = ["bin/ocamlc"]
  public  = true

  run = concat(
    ctx.settings.bytecode ? [executable.stripdebug, "-remove-dynlink"] : ["cp"],
    [executable.ocamlc, "bin/ocamlc"],
  )
}

rule "ocamldep" {
  outputs = ["bin/ocamldep"]
  public  = true

  run = concat(
    ctx.settings.bytecode ? [executable.stripdebug, "-remove-dynlink"] : ["cp"],
    [executable.ocamldep, "bin/ocamldep"],
  )
}

rule "ocamllex" {
  outputs = ["bin/ocamllex"]
  public  = true

  run = concat(
    ctx.settings.bytecode ? [executable.stripdebug, "-remove-dynlink"] : ["cp"],
    [executable.ocamllex, "bin/ocamllex"],
  )
}

rule "ocamlopt" {
  enabled = ctx.settings.native
  outputs = ["bin/ocamlopt"]
  public  = true

  run = concat(
    ctx.settings.bytecode ? [executable.stripdebug, "-remove-dynlink"] : ["cp"],
    [executable.ocamlopt, "bin/ocamlopt"],
  )
}
