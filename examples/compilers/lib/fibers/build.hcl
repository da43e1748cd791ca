# Effects came with OCaml 5: where the compiler is older, there is none of this.

library "fibers" {
  enabled = version_at_least(ctx.toolchain.ocaml.version, "5.0")
  sources = ["fibers.ml", "fibers.mli"]
  public  = true
}

executable "test_fibers" {
  enabled = version_at_least(ctx.toolchain.ocaml.version, "5.0")
  sources = ["test_fibers.ml"]
  deps    = [library.fibers]
}

test "fibers" {
  enabled = version_at_least(ctx.toolchain.ocaml.version, "5.0")
  run     = [executable.test_fibers]
}
