(* From OCaml 5 on: domains take the next element until there is none. *)

let how = "domains"

let workers = 2

let map f list =
  let inputs = Array.of_list list in
  let n = Array.length inputs in
  let results = Array.make n None in
  let next = Atomic.make 0 in
  let rec work () =
    let i = Atomic.fetch_and_add next 1 in
    if i < n then begin
      results.(i) <- Some (f inputs.(i));
      work ()
    end
  in
  let others = List.init (min workers n) (fun _ -> Domain.spawn work) in
  List.iter Domain.join others;
  List.map (function Some r -> r | None -> assert false) (Array.to_list results)
