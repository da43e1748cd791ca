type t =
  | Number of int
  | Variable of string
  | Negate of t
  | Binary of t * (int -> int -> int) * t
