open Effect
open Effect.Deep

type _ Effect.t += Yield : unit Effect.t

let yield () = perform Yield

let run fibers =
  let waiting = Queue.create () in
  let next () = if not (Queue.is_empty waiting) then Queue.pop waiting () in
  let start fiber () =
    match_with fiber ()
      {
        retc = next;
        exnc = raise;
        effc =
          (fun (type a) (eff : a Effect.t) ->
            match eff with
            | Yield ->
                Some
                  (fun (k : (a, unit) continuation) ->
                    Queue.push (continue k) waiting;
                    next ())
            | _ -> None);
      }
  in
  List.iter (fun fiber -> Queue.push (start fiber) waiting) fibers;
  next ()
