type t = String of string | List of t list | Object of (string * t) list

let strings list = List (List.map (fun s -> String s) list)

let add_string buffer s =
  Buffer.add_char buffer '"';
  String.iter
    (function
      | ('"' | '\\') as c ->
          Buffer.add_char buffer '\\';
          Buffer.add_char buffer c
      | '\x00' .. '\x1f' as c -> Printf.bprintf buffer "\\u%04x" (Char.code c)
      | c -> Buffer.add_char buffer c)
    s;
  Buffer.add_char buffer '"'

let rec add buffer = function
  | String s -> add_string buffer s
  | List elements -> add_all buffer '[' add elements ']'
  | Object members ->
      let member buffer (name, value) =
        add_string buffer name;
        Buffer.add_string buffer ": ";
        add buffer value
      in
      add_all buffer '{' member members '}'

and add_all : 'a. Buffer.t -> char -> (Buffer.t -> 'a -> unit) -> 'a list -> char -> unit =
 fun buffer first add_one list last ->
  Buffer.add_char buffer first;
  List.iteri
    (fun i x ->
      if i > 0 then Buffer.add_string buffer ", ";
      add_one buffer x)
    list;
  Buffer.add_char buffer last

let to_string json =
  let buffer = Buffer.create 4096 in
  add buffer json;
  Buffer.contents buffer
