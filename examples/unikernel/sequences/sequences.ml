(* Lazily, with a closure for each prime. *)
let primes =
  let rec sieve candidates () =
    match candidates () with
    | Seq.Nil -> Seq.Nil
    | Seq.Cons (p, rest) -> Seq.Cons (p, sieve (Seq.filter (fun n -> n mod p <> 0) rest))
  in
  sieve (Seq.unfold (fun n -> Some (n, n + 1)) 2)

let rec take n seq =
  match seq () with
  | Seq.Cons (x, rest) when n > 0 -> x :: take (n - 1) rest
  | _ -> []
