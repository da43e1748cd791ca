(** Checksums of strings, computed by the C library [hash]. *)

type t = { crc32 : int32; adler32 : int32; fnv1a : int64 }

val of_string : string -> t

(** In hexadecimal digits. *)

val crc32 : t -> string
val adler32 : t -> string
val fnv1a : t -> string
