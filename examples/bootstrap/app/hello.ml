let () =
  Printf.printf "Compiled by OCaml %s, which compiled itself.\n" Sys.ocaml_version;
  (* Effects are in the language from OCaml 5 on. *)
  let open Effect.Deep in
  let module E = struct type _ Effect.t += Stage : int -> unit Effect.t end in
  match_with (fun () -> List.iter (fun n -> Effect.perform (E.Stage n)) [ 1; 2 ]) ()
    { retc = Fun.id; exnc = raise;
      effc = fun (type a) (e : a Effect.t) ->
        match e with
        | E.Stage n -> Some (fun (k : (a, _) continuation) -> Printf.printf "stage %d\n" n; continue k ())
        | _ -> None }
