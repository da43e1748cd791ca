open Ast

let rec value env = function
  | Number n -> n
  | Variable name -> (
      match List.assoc name env with
      | n -> n
      | exception Not_found -> failwith ("there is no " ^ name))
  | Negate e -> -value env e
  | Binary (a, op, b) -> op (value env a) (value env b)

let eval ~env formula =
  match value env (Parser.formula Lexer.token (Lexing.from_string formula)) with
  | n -> Ok n
  | exception Parsing.Parse_error -> Error "that is no formula"
  | exception Lexer.Error why -> Error why
  | exception Failure why -> Error why
