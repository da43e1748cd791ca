(** Text in columns. *)

type align = Left | Right

(** [print columns rows] prints the names of the columns and the rows below them. *)
val print : (string * align) list -> string list list -> unit
