# Byte code as a C source, with a runtime for this machine and what that needs of it.

setting "ldflags" { type = list(string) }

executable "code" {
  sources = ["code.ml"]
  deps    = [ctx.lib.main]
  modes   = ["c"]
}

executable "hello" {
  sources = ["main.c", "machine.c", "posix.c", executable.code]
  headers = ["machine.h"]
  ldflags = concat([context.runtime[ctx.key].file["lib/libcamlrun.a"], "-lm"], ctx.settings.ldflags)
  public  = true

  flags = [
    "-I${context.runtime[ctx.key].prefix.ocaml}/include",
    "-DCAML_NAME_SPACE",               # its headers name nothing of the C library
    "-Wno-incompatible-pointer-types", # to code.c int and int32_t are one
  ]
}
