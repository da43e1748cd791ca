let help = [%blob "help.txt"]

let () =
  match List.tl (Array.to_list Sys.argv) with
  | [] | [ "--help" ] -> print_string help
  | [ "-v" ] -> Printf.printf "OCaml %s, %s, %d bits\n" Sys.ocaml_version Sys.os_type Sys.word_size
  | "-d" :: code -> print_endline (Morse.Text.decode (String.concat " " code))
  | text -> print_endline (Morse.Text.encode (String.concat " " text))
