(* tally FILE...         counts and checksums
   tally -e FORMULA FILE...  a formula over the counts of each file
   tally -v              how this program was made *)

let read file =
  let ch = open_in_bin file in
  let text = really_input_string ch (in_channel_length ch) in
  close_in ch;
  text

let count text =
  let lines = ref 0 and words = ref 0 and inside = ref false in
  String.iter
    (fun c ->
      if c = '\n' then incr lines;
      let space = c = ' ' || c = '\n' || c = '\t' || c = '\r' in
      if !inside && space then incr words;
      inside := not space)
    text;
  if !inside then incr words;
  [ ("lines", !lines); ("words", !words); ("bytes", String.length text) ]

let report files =
  let row file =
    let text = read file in
    let sum = Checksum.of_string text in
    let counts = List.map (fun (_, n) -> string_of_int n) (count text) in
    (Filename.basename file :: counts) @ [ Checksum.crc32 sum; Checksum.adler32 sum; Checksum.fnv1a sum ]
  in
  let number name = (name, Table.Right) and text name = (name, Table.Left) in
  Table.print
    [ text "file"; number "lines"; number "words"; number "bytes"; text "crc32"; text "adler32"; text "fnv1a" ]
    (Parallel.map row files)

let formula f files =
  let row file =
    let value = match Calc.eval ~env:(count (read file)) f with Ok n -> string_of_int n | Error why -> why in
    [ Filename.basename file; value ]
  in
  Table.print [ ("file", Table.Left); (f, Table.Right) ] (Parallel.map row files)

let version () =
  Printf.printf "OCaml %s, %s, %d bits, %s\n" Sys.ocaml_version Sys.os_type Sys.word_size Parallel.how

let () =
  match List.tl (Array.to_list Sys.argv) with
  | [ "-v" ] -> version ()
  | "-e" :: f :: (_ :: _ as files) -> formula f files
  | _ :: _ as files -> report files
  | [] ->
      prerr_endline "usage: tally [-e FORMULA] FILE...";
      exit 2
