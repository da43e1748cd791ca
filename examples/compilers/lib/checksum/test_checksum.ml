let check what got want = if got <> want then failwith (what ^ ": " ^ got ^ ", want " ^ want)

let () =
  let c = Checksum.of_string "123456789" in
  check "crc32" (Checksum.crc32 c) "cbf43926";
  check "adler32" (Checksum.adler32 c) "091e01de";
  check "fnv1a" (Checksum.fnv1a c) "06d5573923c6cdfc";
  check "crc32 of nothing" (Checksum.crc32 (Checksum.of_string "")) "00000000"
