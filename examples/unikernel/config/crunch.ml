(* Prints a module that holds the files it is given: let all = [ (NAME, CONTENT); … ]. *)

let content file =
  let channel = open_in_bin file in
  Fun.protect
    ~finally:(fun () -> close_in channel)
    (fun () -> really_input_string channel (in_channel_length channel))

let () =
  let files = List.tl (Array.to_list Sys.argv) in
  print_endline "let all = [";
  List.iter (fun file -> Printf.printf "  (%S, %S);\n" (Filename.basename file) (content file)) files;
  print_endline "]"
