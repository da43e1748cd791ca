# The lamp on a board. All that depends on the board is a setting, or comes from a program of the host.

setting "board" { type = string }
setting "led" { type = number }
setting "cflags" { type = list(string) }
setting "memory" { type = map(string) }

rule "header" {
  run    = [host.bin.board_config, "--board", ctx.settings.board, "--header"]
  stdout = "board.h"
}

executable "lightbulb" {
  sources = ["main.c", "uart.c"]
  headers = ["board.h"]
  deps    = [ctx.lib.lamp]
  flags   = ctx.settings.cflags
  ldflags = [for name, value in ctx.settings.memory : "-Wl,--defsym=__${name}=${value}"]
  public  = true
}

# The board's serial line must say what the same lamp says on the build machine.
rule "expected" {
  run    = [host.bin.blink, "erg", "${ctx.settings.board}, LED on pin ${ctx.settings.led}"]
  stdout = "expected.txt"
}

test "lightbulb" {
  run     = [executable.lightbulb]
  expect  = "expected.txt"
  timeout = "30s"
}
