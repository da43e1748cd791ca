executable "tally" {
  sources = ["tally.ml"]
  deps    = [ctx.lib.calc, ctx.lib.checksum, ctx.lib.parallel, ctx.lib.table]
  public  = true
}

test "report" {
  run    = concat([executable.tally], glob("data/*.txt"))
  inputs = glob("data/*.txt")
  expect = "report.txt"
}

test "formula" {
  run    = concat([executable.tally, "-e", "bytes * 10 / words - lines"], glob("data/*.txt"))
  inputs = glob("data/*.txt")
  expect = "formula.txt"
}
