# The application, as libraries: how a program comes of them is the business of machines/.

setting "code" { type = string }
setting "main" { type = string }

# It knows nothing of any machine, so it is the same work for all that take native code. Sequences is a library of a
# dune project, and has never heard of erg.
library "unikernel" {
  sources = ["unikernel.mli", "unikernel.ml"]
  deps    = [ctx.lib.signatures, ctx.lib.sequences]
  modes   = [ctx.settings.code]
}

# The module that hands it the machine's devices, as the program in config/ wrote it.
rule "main" {
  run    = ["printf", "%s", ctx.settings.main]
  stdout = "main.ml"
}

library "main" {
  sources = ["main.ml"]
  deps    = [library.unikernel, ctx.lib.devices]
  modes   = [ctx.settings.code]
  public  = true
}

# One file for all machines.
test "hello" {
  run     = [ctx.bin.hello]
  expect  = "hello.txt"
  timeout = "60s"
}
