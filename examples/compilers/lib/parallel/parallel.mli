(** Work on several processors, where the compiler's runtime can do that. *)

(** How: ["domains"] or ["one after another"]. *)
val how : string

(** Like [List.map]. The function must not depend on the order in which it is applied. *)
val map : ('a -> 'b) -> 'a list -> 'b list
