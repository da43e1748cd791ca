# What applications know of devices, and the devices that the machine has. Which modules these are is for the program in
# config/ to say.

setting "code" { type = string }
setting "devices" { type = list(string) }
setting "libraries" { type = list(string) }

library "signatures" {
  sources = ["signatures.ml"]
  modes   = [ctx.settings.code]
  public  = true
}

# The texts, for machines without files.
rule "content" {
  run    = concat([host.bin.crunch], glob("texts/*"))
  inputs = glob("texts/*")
  stdout = "content.ml"
}

library "devices" {
  sources = concat(["texts.mli", "texts.ml", "content.ml"], ctx.settings.devices)
  deps    = concat([library.signatures], ctx.settings.libraries)
  modes   = [ctx.settings.code]
  public  = true
}
