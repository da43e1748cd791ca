(** JSON, as far as it is printed here. *)

type t = String of string | List of t list | Object of (string * t) list

val strings : string list -> t
val to_string : t -> string
