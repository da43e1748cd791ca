# What this directory builds, in every context that has it.

# A setting is a value that contexts may choose; here the one for those that
# do not. Build files read it as ctx.settings.
setting "greeting" {
  type        = string
  default     = "Hello"
  description = "How to greet"
}

# A public program is what other contexts may run, and what "erg run app:bin.hello"
# runs.
executable "hello" {
  sources = ["hello.c"]
  flags   = ["-Wall", "-DGREETING=\"${ctx.settings.greeting}\""]
  public  = true
}

# A test runs a program and compares what it prints with a file. When they
# differ and the program is right, "erg promote" updates the file.
test "hello" {
  run    = [executable.hello, "world"]
  expect = "hello.expected"
}
