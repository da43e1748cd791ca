# A program like any other.

executable "hello" {
  sources = ["hello.ml"]
  deps    = [ctx.lib.main]
  public  = true
}
