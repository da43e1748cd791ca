(* The system's time may be set back. *)
let latest = ref Int64.min_int

let now () =
  latest := max !latest (Int64.of_float (Unix.gettimeofday () *. 1e9));
  !latest
