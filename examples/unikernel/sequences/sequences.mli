(** The prime numbers, from 2 on. *)
val primes : int Seq.t

(** The first elements of a sequence, or all of them if they are fewer. *)
val take : int -> 'a Seq.t -> 'a list
