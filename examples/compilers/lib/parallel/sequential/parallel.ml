(* Before OCaml 5 there are no domains. *)

let how = "one after another"
let map = List.map
