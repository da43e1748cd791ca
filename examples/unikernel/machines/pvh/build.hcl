# The program with what starts it and what it takes for Linux.

setting "ldflags" { type = list(string) }

executable "hello" {
  sources = ["hello.ml", "start.S", "linux.c", "machine.c"]
  headers = ["machine.h"]
  deps    = [ctx.lib.main]
  ldflags = flatten([for flag in ctx.settings.ldflags : ["-ccopt", flag]])
  public  = true
}
