let () =
  List.iter
    (fun s ->
      let code = Morse.Text.encode s in
      Printf.printf "%s\n" code;
      assert (Morse.Text.decode code = String.uppercase_ascii s))
    [ "sos"; "OCaml 5"; "what hath god wrought" ]
