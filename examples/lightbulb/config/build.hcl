# What there is to know about the boards, as a library, and the programs that tell it to the other contexts.

library "boards" {
  sources = ["boards.mli", "boards.ml"]
}

executable "board_config" {
  sources = ["board_config.ml"]
  deps    = [library.boards]
  public  = true
}

executable "bulb" {
  sources = ["bulb.ml"]
  public  = true
}
