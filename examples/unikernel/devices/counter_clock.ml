external ticks : unit -> int64 = "machine_ticks"

module Make (Counter : sig
  val hz : int64
end) =
struct
  let second = 1_000_000_000L

  (* In two parts, since a large number of ticks times a second would overflow. *)
  let now () =
    let t = ticks () in
    let rest = Int64.div (Int64.mul (Int64.rem t Counter.hz) second) Counter.hz in
    Int64.add (Int64.mul (Int64.div t Counter.hz) second) rest
end
