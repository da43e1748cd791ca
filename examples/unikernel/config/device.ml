type kind = Console | Clock | Store

type implementation = {
  modules : string list;
  libraries : string list;
  expression : string;
}

let implementation ?(libraries = []) source expression =
  { modules = [ source ]; libraries; expression }

let standard_output = implementation "stdout_console.ml" "Stdout_console"
let serial_line = implementation "serial_console.ml" "Serial_console"
let system_clock = implementation ~libraries:[ "unix" ] "system_clock.ml" "System_clock"

let counter ~hz =
  implementation "counter_clock.ml"
    (Printf.sprintf "Counter_clock.Make (struct let hz = %LdL end)" hz)

(* A rule of devices/ makes it for every machine, so there is no source to choose. *)
let texts = { modules = []; libraries = []; expression = "Texts" }
