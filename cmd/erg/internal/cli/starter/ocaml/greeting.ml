let hello name = Printf.sprintf "Hello, %s!" name
