/* The Morse code of a letter, such as "-.." for 'd'; of anything else, "". */
const char *morse(char letter);
