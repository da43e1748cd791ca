# A lamp that blinks a text. Freestanding C: it needs no operating system, nor a C library.

setting "width" {
  description = "characters per unit of time"
  type        = number
  default     = 1
}

# The same in every variant: erg compiles it once for all contexts that have one compiler and one set of flags.
library "morse" {
  sources = ["morse.c"]
  headers = ["morse.h"]
}

# Differs by width, except that the variant of width 1 is what "tools" builds.
library "lamp" {
  sources = ["lamp.c"]
  headers = ["lamp.h"]
  deps    = [library.morse]
  flags   = ["-DLAMP_WIDTH=${ctx.settings.width}"]
  public  = true
}
