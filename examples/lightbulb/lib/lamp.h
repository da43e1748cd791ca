/* Blinks text in Morse code: one line, of '#' for on and '.' for off, character by character to put. */
void lamp_blink(const char *text, void (*put)(char));
