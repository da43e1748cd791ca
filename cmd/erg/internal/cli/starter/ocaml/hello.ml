let () =
  let name = if Array.length Sys.argv > 1 then Sys.argv.(1) else "dunes" in
  print_endline (Greeting.hello name)
