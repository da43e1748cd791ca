module Jbuild_plugin__seen = struct
  let lines = Buffer.create 256
  let sent = ref None
  let note kind name =
    if not (String.contains name '\n') then Buffer.add_string lines (kind ^ " " ^ name ^ "\n")
  let () =
    at_exit (fun () ->
      let oc = open_out_gen [ Open_wronly; Open_append; Open_binary ] 0o600 "/dev/fd/3" in
      output_string oc (Buffer.contents lines);
      (match !sent with
       | None -> ()
       | Some text -> output_string oc "sent\n"; output_string oc text);
      close_out oc)
end

module Jbuild_plugin : sig
  module V1 : sig
    val context : string
    val ocaml_version : string
    val ocamlc_config : (string * string) list
    val send : string -> unit
    val run_and_read_lines : string -> string list
  end
end = struct
  module V1 = struct
    let context = {{.Context}}
    let ocaml_version = {{.Version}}
    let ocamlc_config = [{{range .Config}}{{.Name}}, {{.Value}}; {{end}}]
    let send text = Jbuild_plugin__seen.sent := Some text
    let run_and_read_lines command =
      Jbuild_plugin__seen.note "run" command;
      let file = Filename.temp_file "dune" ".output" in
      let status = Sys.command (command ^ " > " ^ Filename.quote file) in
      let ic = open_in file in
      let rec read lines =
        match input_line ic with
        | line -> read (line :: lines)
        | exception End_of_file -> List.rev lines
      in
      let lines = read [] in
      close_in ic;
      Sys.remove file;
      if status = 0 then lines
      else
        failwith
          (Printf.sprintf "Command failed: %s\nExit code: %d\nOutput:\n%s" command status (String.concat "\n" lines))
  end
end

module Sys = struct
  include Sys
  let getenv name = Jbuild_plugin__seen.note "env" name; Sys.getenv name
  let getenv_opt name = try Some (getenv name) with Not_found -> None
  let file_exists path = Jbuild_plugin__seen.note "file" path; Sys.file_exists path
  let is_directory path = Jbuild_plugin__seen.note "file" path; Sys.is_directory path
  let readdir path =
    Jbuild_plugin__seen.note "dir" path;
    Array.of_list (List.filter (fun name -> name <> "_build") (Array.to_list (Sys.readdir path)))
  let command text = Jbuild_plugin__seen.note "run" text; Sys.command text
end

let open_in path = Jbuild_plugin__seen.note "file" path; open_in path
let open_in_bin path = Jbuild_plugin__seen.note "file" path; open_in_bin path
let open_in_gen flags mode path = Jbuild_plugin__seen.note "file" path; open_in_gen flags mode path
{{if .InChannel}}
module In_channel = struct
  include In_channel
  let open_text path = Jbuild_plugin__seen.note "file" path; open_text path
  let open_bin path = Jbuild_plugin__seen.note "file" path; open_bin path
  let open_gen flags mode path = Jbuild_plugin__seen.note "file" path; open_gen flags mode path
  let with_open_text path f = Jbuild_plugin__seen.note "file" path; with_open_text path f
  let with_open_bin path f = Jbuild_plugin__seen.note "file" path; with_open_bin path f
  let with_open_gen flags mode path f = Jbuild_plugin__seen.note "file" path; with_open_gen flags mode path f
end
{{end}}
# 1 {{.File}}
