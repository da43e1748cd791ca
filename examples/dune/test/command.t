The program encodes:

  $ morse hello world
  .... . .-.. .-.. --- / .-- --- .-. .-.. -..

and decodes:

  $ morse -d ... --- ...
  SOS

It says what it can do:

  $ morse
  morse TEXT...     text as Morse code
  morse -d CODE...  Morse code as text
  morse -v          what made this program
