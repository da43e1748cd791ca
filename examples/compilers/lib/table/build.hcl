library "table" {
  sources = glob("*.ml", "*.mli")
  public  = true
}
