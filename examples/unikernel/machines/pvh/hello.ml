let () = Main.run ()
