# One interface. Which implementation it has depends on the compiler.

library "parallel" {
  sources = ["parallel.mli", version_at_least(ctx.toolchain.ocaml.version, "5.0") ? "domains/parallel.ml" : "sequential/parallel.ml"]
  public  = true
}

executable "test_parallel" {
  sources = ["test_parallel.ml"]
  deps    = [library.parallel]
}

test "parallel" {
  run = [executable.test_parallel]
}
