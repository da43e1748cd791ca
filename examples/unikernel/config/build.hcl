# What there is to know about machines, and the program that tells it to erg.hcl.

library "machines" {
  sources = ["device.mli", "device.ml", "json.mli", "json.ml", "machine.mli", "machine.ml"]
}

executable "config" {
  sources = ["config.ml"]
  deps    = [library.machines]
  public  = true
}

# Puts texts into a module, for machines without files.
executable "crunch" {
  sources = ["crunch.ml"]
  public  = true
}
