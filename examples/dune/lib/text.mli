val encode : string -> string
(** Codes are separated by blanks, words by slashes. Characters without a code
    are left out. *)

val decode : string -> string
(** What [encode] made a code of, in capitals. Unknown codes become ['?']. *)
