# A compiler that compiles itself to other bytes than those it is made of is not done yet.
test "fixpoint" {
  for_each = toset(["ocamlc", "ocamldep", "ocamllex"])
  run      = ["cmp", context.stage1.file["compiler/bin/${each.key}"], context.stage2.file["compiler/bin/${each.key}"]]
}

# Byte code or native code, the compiler says the same: here, about the library.
test "native" {
  run = ["cmp", "${context.opt.prefix.ocaml}/lib/ocaml/stdlib.a", "${context.optopt.prefix.ocaml}/lib/ocaml/stdlib.a"]
}
