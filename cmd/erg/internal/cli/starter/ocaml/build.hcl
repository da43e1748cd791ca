# What this directory builds, in every context that has it.

# A library: its modules are those of its sources.
library "greeting" {
  sources = ["greeting.ml", "greeting.mli"]
}

# A public program is what other contexts may run, and what "erg run app:bin.hello"
# runs.
executable "hello" {
  sources = ["hello.ml"]
  deps    = [library.greeting]
  public  = true
}

# A test runs a program and compares what it prints with a file. When they
# differ and the program is right, "erg promote" updates the file.
test "hello" {
  run    = [executable.hello, "world"]
  expect = "hello.expected"
}
