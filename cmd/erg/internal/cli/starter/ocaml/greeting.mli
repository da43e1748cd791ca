val hello : string -> string
(** [hello name] greets [name]. *)
