module Make
    (Console : Signatures.CONSOLE)
    (Clock : Signatures.CLOCK)
    (Store : Signatures.STORE) =
struct
  let print format = Printf.ksprintf (fun line -> Console.write (line ^ "\n")) format

  (* Makes lists until the collector has run. *)
  let collections () =
    let before = (Gc.quick_stat ()).minor_collections in
    let rec go kept =
      if (Gc.quick_stat ()).minor_collections < before + 10 then go (List.init 1000 Fun.id)
      else List.length kept
    in
    go []

  let run () =
    let start = Clock.now () in
    print "Hello from OCaml %s." Sys.ocaml_version;
    List.iter (fun name -> Option.iter Console.write (Store.find name)) Store.names;
    print "The first primes: %s." (String.concat ", " (List.map string_of_int Sequences.(take 10 primes)));
    print "The square root of 2: %.12f." (sqrt 2.);
    print "Lists of %d elements survive the collector." (collections ());
    (match Option.get (Store.find "nothing") with
    | _ -> print "There is a text of nothing."
    | exception Invalid_argument reason -> print "An exception: %s." reason);
    print "Time %s." (if Clock.now () > start then "goes by" else "stands still")
end
