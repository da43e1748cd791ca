let code c = List.assoc_opt (Char.uppercase_ascii c) Table.codes

let words sep s = List.filter (fun w -> w <> "") (String.split_on_char sep s)

let encode s =
  let word w = String.concat " " (List.filter_map code (List.of_seq (String.to_seq w))) in
  String.concat " / " (List.map word (words ' ' s))

let letter code =
  match List.find_opt (fun (_, c) -> c = code) Table.codes with
  | Some (c, _) -> String.make 1 c
  | None -> "?"

let decode s =
  let word w = String.concat "" (List.map letter (words ' ' w)) in
  String.concat " " (List.map word (words '/' s))
