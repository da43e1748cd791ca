external put : char -> unit = "machine_put" [@@noalloc]

let write = String.iter put
