(* Prints a C file that holds a picture: what the unikernel shows when it starts. *)

let picture =
  {|
     .---.
   .'     '.
   |  ~~~  |
    \ '|' /
     |===|
      '-'
|}

let () = Printf.printf "const char bulb[] = %S;\n" picture
