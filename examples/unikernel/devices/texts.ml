(* crunch has put the files into Content. *)

let names = List.map fst Content.all
let find name = List.assoc_opt name Content.all
