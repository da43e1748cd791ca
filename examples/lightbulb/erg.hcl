# One lamp, built for five machines. Each context below says how; what its directories build is in their build.hcl.

workspace {
  name = "lightbulb"
}

variable "board" {
  description = "the board that the firmware is for: esp32c3 or bl602"
  type        = string
  default     = "esp32c3"
}

# The compilers. An empty block is found on PATH.

toolchain "ocaml" "system" {}
toolchain "cc" "system" {}

toolchain "cc" "riscv" {
  target = "riscv32-unknown-elf"
  cc     = "riscv64-unknown-elf-gcc"
  flags  = ["-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs", "--crt0=hosted"]
}

toolchain "cc" "bare" {
  target = "x86_64-unknown-elf"
  cc     = "gcc"
  flags  = ["-ffreestanding", "-fno-pic", "-fno-stack-protector", "-mgeneral-regs-only"]
}

toolchain "cc" "mingw" {
  target = "x86_64-w64-mingw32"
  cc     = "x86_64-w64-mingw32-gcc"
}

# The build machine. Its programs run while the others build, and what they print configures them.

context "tools" {
  toolchains = [toolchain.ocaml.system, toolchain.cc.system]
  dirs       = ["config", "lib", "app"]

  output "cflags" {
    description = "how to compile for the board"
    type        = list(string)
    run         = [self.bin.board_config, "--board", var.board, "--cflags"]
    parse       = "lines"
  }

  output "memory" {
    description = "where the board's flash and RAM are"
    type        = map(string)
    run         = [self.bin.board_config, "--board", var.board, "--memory"]
    parse       = "json"
  }

  output "led" {
    description = "the pin that the board's LED is on"
    type        = number
    run         = [self.bin.board_config, "--board", var.board, "--led"]
    parse       = "json"
  }

  output "variants" {
    description = "the lamps there are, and how wide each one is"
    type        = map(number)
    run         = [self.bin.board_config, "--variants"]
    parse       = "json"
  }
}

# The lamp once per variant, on the build machine. How many there are is known when board_config has run.

context "lamp" {
  for_each   = context.tools.output.variants
  toolchains = [toolchain.cc.system]
  dirs       = ["lib", "app"]
  settings   = { width = each.value }
}

# 32-bit RISC-V without an operating system, configured for the board.

context "firmware" {
  host       = context.tools
  toolchains = [toolchain.cc.riscv]
  dirs       = ["lib", "firmware"]

  settings = {
    board  = var.board
    cflags = context.tools.output.cflags
    memory = context.tools.output.memory
    led    = context.tools.output.led
  }

  runner {
    command = ["qemu-system-riscv32", "-M", "virt", "-nographic", "-bios", "none", "-kernel", "{program}"]
  }
}

# A program that is its own kernel, on a virtual PC.

context "unikernel" {
  host       = context.tools
  toolchains = [toolchain.cc.bare]
  dirs       = ["lib", "unikernel"]

  runner {
    command = ["qemu-system-x86_64", "-M", "microvm", "-accel", "tcg", "-nodefaults", "-nographic", "-serial", "stdio", "-kernel", "{program}"]
  }
}

# Windows. The program and its test are the ones that "tools" builds.

context "windows" {
  toolchains = [toolchain.cc.mingw]
  dirs       = ["lib", "app"]

  runner {
    command = ["wine", "{program}", "{args}"]
    state   = "wine"
    env = {
      WINEPREFIX        = "{state}"
      WINEDEBUG         = "-all"
      WINEDLLOVERRIDES  = "wineboot.exe=" # A console program needs no installed Windows:
      WINEBOOTSTRAPMODE = "1"             # wine starts at once, and its prefix stays empty.
    }
  }
}
