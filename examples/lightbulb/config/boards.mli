(** The boards that the firmware knows. *)

type t = {
  name : string;
  led : int;  (** the pin its LED is on *)
  cflags : string list;  (** for the C compiler *)
  memory : (string * string) list;  (** start and size of flash and RAM *)
}

val all : t list

val find : string -> t option
(** The board of that name. *)
