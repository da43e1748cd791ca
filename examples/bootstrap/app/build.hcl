executable "hello" {
  sources = ["hello.ml"]
  public  = true
}

test "hello" {
  run    = [executable.hello]
  expect = "hello.expected"
}
