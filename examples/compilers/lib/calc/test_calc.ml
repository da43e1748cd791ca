let show = function Ok n -> string_of_int n | Error why -> why

let check formula want =
  let got = show (Calc.eval ~env:[ ("lines", 12); ("words", 60) ] formula) in
  if got <> want then failwith (formula ^ " is " ^ got ^ ", want " ^ want)

let () =
  check "1 + 2 * 3" "7";
  check "(1 + 2) * 3" "9";
  check "8 - 4 - 2" "2";
  check "-3 * -words / lines" "15";
  check "words / (lines - 12)" "division by zero";
  check "pages" "there is no pages";
  check "1 +" "that is no formula";
  check "1 ? 2" "what is '?'?"
