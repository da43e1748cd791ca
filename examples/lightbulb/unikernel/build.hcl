# The lamp as a kernel: 64-bit, nothing below it but the (virtual) machine.

rule "bulb" {
  run    = [host.bin.bulb]
  stdout = "bulb.c"
}

executable "lightbulb" {
  sources       = ["boot.S", "kernel.c", "bulb.c"]
  deps          = [ctx.lib.lamp]
  linker_script = "kernel.ld"
  ldflags       = ["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"]
  public        = true
}

test "lightbulb" {
  run     = [executable.lightbulb]
  expect  = "expected.txt"
  timeout = "30s"
}
