#include "board.h" /* which board_config writes */
#include "lamp.h"
#include <stdio.h>

static void put(char c) { putchar(c); }

int main(void) {
    printf("%s, LED on pin %d: blinking %s\n", BOARD, LED_PIN, "erg");
    lamp_blink("erg", put);
    return 0;
}
