# C, and nothing of OCaml: compiled once for all contexts that have one C compiler.

executable "mkcrc" {
  sources = ["mkcrc.c"]
  public  = true
}

rule "table" {
  run    = [host.bin.mkcrc]
  stdout = "crc_table.h"
}

library "hash" {
  sources = ["crc32.c", "adler32.c", "fnv1a.c"]
  headers = ["crc_table.h"]
  include = ["."]
  public  = true
}

executable "test_hash" {
  sources = ["test_hash.c"]
  deps    = [library.hash]
}

test "hash" {
  run = [executable.test_hash]
}
