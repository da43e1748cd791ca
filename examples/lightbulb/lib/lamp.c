#include "lamp.h"
#include "morse.h"

static void show(char look, int units, void (*put)(char)) {
    for (int i = 0; i < units * LAMP_WIDTH; i++)
        put(look);
}

/* On for one unit (.) or three (-); off for one unit within a letter and three after it. */
void lamp_blink(const char *text, void (*put)(char)) {
    for (; *text; text++) {
        for (const char *sign = morse(*text); *sign; sign++) {
            show('#', *sign == '-' ? 3 : 1, put);
            show('.', 1, put);
        }
        show('.', 2, put);
    }
    put('\n');
}
