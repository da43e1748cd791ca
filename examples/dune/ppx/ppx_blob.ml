(* [%blob "FILE"] is the text of a file that lies beside the source.

   The rewriter needs nothing but the compiler's own library, so its driver,
   which others get from ppxlib, is here as well. It is the same source for all
   versions of the compiler. *)

open Parsetree

let read file =
  let ic = open_in_bin file in
  Fun.protect ~finally:(fun () -> close_in ic) (fun () -> really_input_string ic (in_channel_length ic))

(* A literal is asked for as it is printed: how the syntax tree holds constants
   is another matter in each version. *)
let literal e =
  match e.pexp_desc with
  | Pexp_constant _ -> (try Scanf.sscanf (Format.asprintf "%a" Pprintast.expression e) "%S%!" Option.some with Scanf.Scan_failure _ -> None)
  | _ -> None

let blob loc payload =
  let name = match payload with PStr [ { pstr_desc = Pstr_eval (e, _); _ } ] -> literal e | _ -> None in
  match name with
  | None -> Location.raise_errorf ~loc "[%%blob \"FILE\"] takes the name of a file"
  | Some name -> (
      let file = Filename.concat (Filename.dirname loc.Location.loc_start.pos_fname) name in
      match read file with
      | text -> Ast_helper.(Exp.constant ~loc (Const.string text))
      | exception Sys_error m -> Location.raise_errorf ~loc "%s" m)

let mapper =
  let expr self e =
    match e.pexp_desc with
    | Pexp_extension ({ txt = "blob"; loc }, payload) -> blob loc payload
    | _ -> Ast_mapper.default_mapper.expr self e
  in
  { Ast_mapper.default_mapper with expr }

(* Syntax trees are for a compiler of this version, text is for any other. *)
let rewrite kind parse map print ~ast ~out file =
  let tree = map (parse ~tool_name:"ppx_blob" file) in
  if ast then Pparse.write_ast kind out tree
  else
    let oc = open_out_bin out in
    let ppf = Format.formatter_of_out_channel oc in
    Format.fprintf ppf "%a@." print tree;
    close_out oc

(* The command line that build systems give to drivers. *)
let main () =
  let out = ref "" and ast = ref false and action = ref (fun ~ast:_ ~out:_ -> ()) in
  let impl = rewrite Pparse.Structure Pparse.parse_implementation (mapper.structure mapper) Pprintast.structure in
  let intf = rewrite Pparse.Signature Pparse.parse_interface (mapper.signature mapper) Pprintast.signature in
  let file how = Arg.String (fun name -> action := fun ~ast ~out -> how ~ast ~out name) in
  Arg.parse
    [ ("-o", Arg.Set_string out, "FILE where to write");
      ("--impl", file impl, "FILE an implementation");
      ("--intf", file intf, "FILE an interface");
      ("-dump-ast", Arg.Set ast, " write a syntax tree, not text");
      ("--cookie", Arg.String ignore, " not used") ]
    (fun arg -> raise (Arg.Bad arg)) "ppx_blob";
  try !action ~ast:!ast ~out:!out
  with e ->
    Location.report_exception Format.err_formatter e;
    exit 1
