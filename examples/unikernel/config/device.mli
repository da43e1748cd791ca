(** What an application may ask a machine for, and what can be given to it. *)

(** A kind of device: a module type in devices/signatures.ml. *)
type kind = Console | Clock | Store

type implementation = {
  modules : string list;  (** sources in devices/ *)
  libraries : string list;  (** of OCaml's distribution, which these need *)
  expression : string;  (** the device, as a module of the library [devices] *)
}

(** The process's standard output. *)
val standard_output : implementation

(** A serial line, which the machine's own C code drives. *)
val serial_line : implementation

(** The clock of the operating system. *)
val system_clock : implementation

(** A counter of the processor that ticks [hz] times a second. *)
val counter : hz:int64 -> implementation

(** Texts that are linked into the program. *)
val texts : implementation
