(** The texts of the directory texts/. *)

include Signatures.STORE
