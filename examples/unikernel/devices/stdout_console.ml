let write s =
  print_string s;
  flush stdout
