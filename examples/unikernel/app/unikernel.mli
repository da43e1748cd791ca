(** The application, for any machine with these devices. *)

module Make
    (_ : Signatures.CONSOLE)
    (_ : Signatures.CLOCK)
    (_ : Signatures.STORE) : sig
  val run : unit -> unit
end
