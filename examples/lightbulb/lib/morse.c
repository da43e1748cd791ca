#include "morse.h"

static const char *const code[26] = {
    ".-",   "-...", "-.-.", "-..",  ".",    "..-.", "--.",  "....", "..",
    ".---", "-.-",  ".-..", "--",   "-.",   "---",  ".--.", "--.-", ".-.",
    "...",  "-",    "..-",  "...-", ".--",  "-..-", "-.--", "--..",
};

const char *morse(char letter) {
    return letter >= 'a' && letter <= 'z' ? code[letter - 'a'] : "";
}
