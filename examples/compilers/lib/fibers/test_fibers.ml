let () =
  let trace = Buffer.create 16 in
  let fiber name n () =
    for i = 1 to n do
      Buffer.add_string trace (name ^ string_of_int i ^ " ");
      Fibers.yield ()
    done
  in
  Fibers.run [ fiber "a" 3; fiber "b" 1; fiber "c" 2 ];
  assert (Buffer.contents trace = "a1 b1 c1 a2 c2 a3 ")
