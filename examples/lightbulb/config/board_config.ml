(* Answers one question about a board, in the form that erg.hcl parses. *)

open Printf

(* The lamps to build, and how many characters wide each one is. *)
let variants = [ ("plain", 1); ("wide", 2) ]

(* A JSON object; [value] prints a member's value. *)
let json value members =
  let member (name, v) = sprintf "%S: %s" name (value v) in
  "{" ^ String.concat ", " (List.map member members) ^ "}"

let header (board : Boards.t) =
  sprintf "#define BOARD \"%s\"\n#define LED_PIN %d" board.name board.led

let answer (board : Boards.t) = function
  | "--cflags" -> String.concat "\n" board.cflags
  | "--memory" -> json (sprintf "%S") board.memory
  | "--led" -> string_of_int board.led
  | "--header" -> header board
  | question -> failwith ("unknown question " ^ question)

let find name =
  match Boards.find name with
  | Some board -> board
  | None ->
      let names = List.map (fun (b : Boards.t) -> b.name) Boards.all in
      failwith (sprintf "no board %S: there are %s" name (String.concat " and " names))

let () =
  match Array.to_list Sys.argv with
  | [ _; "--variants" ] -> print_endline (json string_of_int variants)
  | [ _; "--board"; name; question ] -> print_endline (answer (find name) question)
  | _ -> failwith "usage: board_config --variants | --board NAME --cflags|--memory|--led|--header"
