{
open Parser

exception Error of string
}

rule token = parse
  | [' ' '\t']+              { token lexbuf }
  | ['0'-'9']+ as digits     { NUMBER (int_of_string digits) }
  | ['a'-'z']+ as name       { NAME name }
  | '+'                      { PLUS }
  | '-'                      { MINUS }
  | '*'                      { TIMES }
  | '/'                      { DIVIDE }
  | '('                      { LEFT }
  | ')'                      { RIGHT }
  | eof                      { EOF }
  | _ as c                   { raise (Error (Printf.sprintf "what is %C?" c)) }
