(** Threads that take turns, by effects. *)

(** [yield ()] lets the others go on. Within [run] only. *)
val yield : unit -> unit

(** [run fibers] runs them in turns until all have ended. *)
val run : (unit -> unit) list -> unit
