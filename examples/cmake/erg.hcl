# A project of CMake's, built for two machines as one graph.

workspace {
  name = "tabula"
}

toolchain "cc" "system" {}

toolchain "cc" "mingw" {
  target = "x86_64-w64-mingw32"
  cc     = "x86_64-w64-mingw32-gcc"
}

context "here" {
  toolchains = [toolchain.cc.system]
  dirs       = ["."]
}

context "windows" {
  toolchains = [toolchain.cc.mingw]
  dirs       = ["."]

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
