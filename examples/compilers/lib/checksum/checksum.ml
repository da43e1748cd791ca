type t = { crc32 : int32; adler32 : int32; fnv1a : int64 }

external crc32_of : string -> int32 = "tally_crc32"
external adler32_of : string -> int32 = "tally_adler32"
external fnv1a_of : string -> int64 = "tally_fnv1a"

let of_string s = { crc32 = crc32_of s; adler32 = adler32_of s; fnv1a = fnv1a_of s }
let crc32 t = Printf.sprintf "%08lx" t.crc32
let adler32 t = Printf.sprintf "%08lx" t.adler32
let fnv1a t = Printf.sprintf "%016Lx" t.fnv1a
