#include "lamp.h"

extern const char bulb[]; /* which the host program of that name writes */

static void outb(unsigned short port, unsigned char byte) {
    __asm__ volatile("outb %0, %1" ::"a"(byte), "Nd"(port));
}

static unsigned char inb(unsigned short port) {
    unsigned char byte;
    __asm__ volatile("inb %1, %0" : "=a"(byte) : "Nd"(port));
    return byte;
}

/* To the first serial line, a 16550. */
static void put(char c) {
    while (!(inb(0x3f8 + 5) & 0x20)) /* until it takes a byte */
        ;
    outb(0x3f8, c);
}

static void print(const char *text) {
    while (*text)
        put(*text++);
}

/* boot.S calls this, and halts when it returns. */
void kernel(void) {
    print(bulb);
    print("unikernel: blinking erg\n");
    lamp_blink("erg", put);
    *(volatile unsigned char *)0xfea00200 = 0x34; /* ACPI's sleep register: power off */
}
