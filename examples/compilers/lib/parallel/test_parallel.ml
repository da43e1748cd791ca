let () =
  let numbers = List.init 1000 (fun i -> i) in
  assert (Parallel.map (fun n -> n * n) numbers = List.map (fun n -> n * n) numbers);
  assert (Parallel.map string_of_int [] = [])
