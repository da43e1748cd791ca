(** The machines that applications can be built for. *)

type code =
  | Native  (** compiled to machine code *)
  | Byte  (** byte code, with OCaml's runtime compiled for the machine *)

type t = {
  name : string;  (** also that of its directory in machines/ *)
  code : code;
  cc : string;
  cflags : string list;
  ldflags : string list;
  runner : string list;
  device : Device.kind -> Device.implementation;
}

val all : t list
