library "checksum" {
  sources = ["checksum.ml", "checksum.mli", "checksum_stubs.c"]
  deps    = [ctx.lib.hash]
  public  = true
}

executable "test_checksum" {
  sources = ["test_checksum.ml"]
  deps    = [library.checksum]
}

test "checksum" {
  run = [executable.test_checksum]
}
