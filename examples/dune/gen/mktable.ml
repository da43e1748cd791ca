(* Writes the table of codes as OCaml: a line "A .-" is an entry ('A', ".-"). *)

let entries file =
  let ic = open_in file in
  let rec go acc =
    match input_line ic with
    | line -> go (Scanf.sscanf line "%c %s" (fun c code -> (c, code)) :: acc)
    | exception End_of_file -> close_in ic; List.rev acc
  in
  go []

let () =
  print_endline "let codes = [";
  List.iter (fun (c, code) -> Printf.printf "  (%C, %S);\n" c code) (entries Sys.argv.(1));
  print_endline "]"
