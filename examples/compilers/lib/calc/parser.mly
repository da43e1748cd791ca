%{
open Ast

let divide a b = if b = 0 then failwith "division by zero" else a / b
%}

%token <int> NUMBER
%token <string> NAME
%token PLUS MINUS TIMES DIVIDE LEFT RIGHT EOF
%left PLUS MINUS
%left TIMES DIVIDE
%nonassoc NEGATE
%start formula
%type <Ast.t> formula

%%

formula:
  | expression EOF                { $1 }
;

expression:
  | NUMBER                        { Number $1 }
  | NAME                          { Variable $1 }
  | LEFT expression RIGHT         { $2 }
  | MINUS expression %prec NEGATE { Negate $2 }
  | expression PLUS expression    { Binary ($1, ( + ), $3) }
  | expression MINUS expression   { Binary ($1, ( - ), $3) }
  | expression TIMES expression   { Binary ($1, ( * ), $3) }
  | expression DIVIDE expression  { Binary ($1, divide, $3) }
;
