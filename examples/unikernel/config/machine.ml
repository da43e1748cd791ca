type code = Native | Byte

type t = {
  name : string;
  code : code;
  cc : string;
  cflags : string list;
  ldflags : string list;
  runner : string list;
  device : Device.kind -> Device.implementation;
}

(* A process of the build machine. *)
let unix =
  {
    name = "unix";
    code = Native;
    cc = "gcc";
    cflags = [];
    ldflags = [];
    runner = [ "{program}"; "{args}" ];
    device =
      (function
      | Console -> Device.standard_output
      | Clock -> Device.system_clock
      | Store -> Device.texts);
  }

(* A virtual PC that starts a program as Xen's PVH does. OCaml is compiled as for Linux; the program is the kernel, too,
   and answers the few system calls that the C library makes. *)
let pvh =
  {
    name = "pvh";
    code = Native;
    cc = "gcc";
    cflags =
      [
        "-ffreestanding"; "-fno-stack-protector"; "-fcf-protection=none";
        (* A system call may not touch the registers of floating point. *)
        "-mgeneral-regs-only";
      ];
    ldflags = [ "-static"; "-no-pie"; "-Wl,--wrap=dlopen" ];
    runner =
      [
        "qemu-system-x86_64"; "-M"; "microvm"; "-accel"; "tcg"; "-m"; "256M";
        "-nodefaults"; "-nographic"; "-serial"; "stdio";
        (* How the kernel says that the program failed. *)
        "-device"; "isa-debug-exit,iobase=0xf4,iosize=4";
        "-kernel"; "{program}";
      ];
    device =
      (function
      | Console -> Device.serial_line
      (* QEMU counts the time stamp counter in nanoseconds. *)
      | Clock -> Device.counter ~hz:1_000_000_000L
      | Store -> Device.texts);
  }

(* A small processor, for which OCaml has no compiler. picolibc's linker script places the program; its start code takes
   the names of memories. *)
let rv32 =
  let memory = [ ("flash", "0x80000000"); ("flash_size", "4M"); ("ram", "0x80400000"); ("ram_size", "32M") ] in
  {
    name = "rv32";
    code = Byte;
    cc = "riscv64-unknown-elf-gcc";
    cflags =
      [
        "--specs=picolibc.specs"; "-march=rv32imac"; "-mabi=ilp32";
        "-Os"; "-ffunction-sections"; "-fdata-sections";
      ];
    ldflags = List.map (fun (name, value) -> Printf.sprintf "-Wl,--defsym=__%s=%s" name value) memory;
    runner =
      [ "qemu-system-riscv32"; "-M"; "virt"; "-nographic"; "-bios"; "none"; "-kernel"; "{program}" ];
    device =
      (function
      | Console -> Device.serial_line
      | Clock -> Device.counter ~hz:10_000_000L
      | Store -> Device.texts);
  }

let all = [ unix; pvh; rv32 ]
