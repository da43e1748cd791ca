library "calc" {
  sources = ["ast.ml", "lexer.mll", "parser.mly", "calc.ml", "calc.mli"]
  public  = true
}

executable "test_calc" {
  sources = ["test_calc.ml"]
  deps    = [library.calc]
}

test "calc" {
  run = [executable.test_calc]
}
