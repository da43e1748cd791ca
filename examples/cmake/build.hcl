# What CMake is told of the context's compiler.
rule "toolchain" {
  run = ["printf", "set(%s)\\n",
    "CMAKE_SYSTEM_NAME ${ { linux = "Linux", windows = "Windows" }[ctx.toolchain.cc.os]}",
    "CMAKE_SYSTEM_PROCESSOR ${ctx.toolchain.cc.arch}",
    "CMAKE_C_COMPILER ${ctx.toolchain.cc.driver}",
    "CMAKE_C_FLAGS_INIT \"${join(" ", ctx.toolchain.cc.flags)}\"",
  ]
  stdout = "toolchain.cmake"
}

# CMake writes the graph, and much beside it. It runs again when a file changes that it reads.
rule "configure" {
  run = ["cmake", "-G", "Ninja", "-S", ".", "-B", "{tree}",
    "-DCMAKE_TOOLCHAIN_FILE=${rule.toolchain.out["toolchain.cmake"]}",
    "-DCMAKE_BUILD_TYPE=${ { dev = "Debug", release = "Release" }[ctx.profile]}",
  ]
  inputs  = concat(glob("**/CMakeLists.txt"), ["config.h.in"])
  tree    = "cmake"
  outputs = ["cmake/build.ninja"]
  stdout  = "cmake/configure.log"
}

# erg runs it, edge by edge.
ninja "tabula" {
  file = "cmake/build.ninja"
  bin  = ["tools/calc", "tools/csv2json", "tools/csvstat", "tools/wordfreq"]
}

test "unit" {
  for_each = ["base", "csv", "expr", "json", "stats"]
  run      = [ninja.tabula.bin["tests/test_${each.key}"]]
}

test "csvstat" {
  run    = [ninja.tabula.bin["tools/csvstat"], "area", "data/cities.csv"]
  inputs = ["data/cities.csv"]
  expect = "data/area.txt"
}

test "csv2json" {
  run    = [ninja.tabula.bin["tools/csv2json"], "data/cities.csv"]
  inputs = ["data/cities.csv"]
  expect = "data/cities.json.txt"
}
