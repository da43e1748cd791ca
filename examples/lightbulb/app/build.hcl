# The lamp on a terminal, for contexts that have one.

setting "width" {
  type    = number
  default = 1
}

executable "blink" {
  sources = ["blink.c"]
  deps    = [ctx.lib.lamp]
  flags   = ["-DTARGET=\"${ctx.target}\""]
  public  = true
}

test "blink" {
  run    = [executable.blink, "sos", "test"]
  expect = "sos.${ctx.settings.width}.txt"
}

install "lightbulb" {
  man = ["blink.1"]
}
