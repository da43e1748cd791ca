(* The configuration of the application: which devices its functor takes, in this order. What follows from that for each
   machine is printed as JSON, for context.config.output.machines. *)

open Machines

let application = "Unikernel"
let devices = [ Device.Console; Device.Clock; Device.Store ]

(* The module that hands the machine's devices to the application. *)
let main implementations =
  let device (d : Device.implementation) = Printf.sprintf "  (Devices.%s)\n" d.expression in
  Printf.sprintf "module Application = %s.Make\n%s\nlet run = Application.run\n" application
    (String.concat "" (List.map device implementations))

let code = function Machine.Native -> "native" | Machine.Byte -> "byte"

let json (machine : Machine.t) =
  let chosen = List.map machine.device devices in
  let all f = Json.strings (List.sort_uniq compare (List.concat_map f chosen)) in
  Json.Object
    [
      ("code", String (code machine.code));
      ("cc", String machine.cc);
      ("cflags", Json.strings machine.cflags);
      ("ldflags", Json.strings machine.ldflags);
      ("runner", Json.strings machine.runner);
      ("devices", all (fun d -> d.Device.modules));
      ("libraries", all (fun d -> d.Device.libraries));
      ("main", String (main chosen));
    ]

let () =
  let machines = List.map (fun (m : Machine.t) -> (m.name, json m)) Machine.all in
  print_endline (Json.to_string (Object machines))
