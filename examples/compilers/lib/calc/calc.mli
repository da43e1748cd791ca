(** Formulas over whole numbers and variables. *)

(** [eval ~env formula] is its value, or what is wrong with it. [env] gives the values of variables. *)
val eval : env:(string * int) list -> string -> (int, string) result
