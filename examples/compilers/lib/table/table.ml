type align = Left | Right

let pad align width s =
  let blank = String.make (width - String.length s) ' ' in
  match align with Left -> s ^ blank | Right -> blank ^ s

let rec trim s =
  let n = String.length s in
  if n > 0 && s.[n - 1] = ' ' then trim (String.sub s 0 (n - 1)) else s

let print columns rows =
  let all = List.map fst columns :: rows in
  let width i = List.fold_left (fun w row -> max w (String.length (List.nth row i))) 0 all in
  let widths = List.mapi (fun i _ -> width i) columns in
  let cells row = List.map2 (fun (w, (_, align)) s -> pad align w s) (List.combine widths columns) row in
  List.iter (fun row -> print_endline (trim (String.concat "  " (cells row)))) all
