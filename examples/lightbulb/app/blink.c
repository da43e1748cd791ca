/* blink [TEXT [NAME]] */
#include "lamp.h"
#include <stdio.h>

static void put(char c) { putchar(c); }

int main(int argc, char **argv) {
    const char *text = argc > 1 ? argv[1] : "erg";
    const char *name = argc > 2 ? argv[2] : TARGET;

    printf("%s: blinking %s\n", name, text);
    lamp_blink(text, put);
    return 0;
}
