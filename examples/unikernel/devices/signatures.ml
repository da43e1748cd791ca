(** What applications know of devices. *)

module type CONSOLE = sig
  val write : string -> unit
end

module type CLOCK = sig
  (** Nanoseconds since some moment, and never fewer than before. *)
  val now : unit -> int64
end

module type STORE = sig
  (** In alphabetical order. *)
  val names : string list

  val find : string -> string option
end
