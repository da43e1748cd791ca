type t = {
  name : string;
  led : int;
  cflags : string list;
  memory : (string * string) list;
}

(* QEMU's "virt" machine has memory from 0x80000000 on, so that is where both boards have theirs. *)
let all =
  [
    {
      name = "esp32c3";
      led = 8;
      cflags = [ "-Os"; "-msave-restore" ];
      memory =
        [ ("flash", "0x80000000"); ("flash_size", "4M"); ("ram", "0x80400000"); ("ram_size", "400K") ];
    };
    {
      name = "bl602";
      led = 17;
      cflags = [ "-O2"; "-mtune=sifive-3-series" ];
      memory =
        [ ("flash", "0x80000000"); ("flash_size", "2M"); ("ram", "0x80200000"); ("ram_size", "276K") ];
    };
  ]

let find name = List.find_opt (fun board -> board.name = name) all
