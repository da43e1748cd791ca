#include "machine.h"
#include <caml/alloc.h>
#include <caml/mlvalues.h>

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

void machine_print(const char *text, unsigned long length) {
    while (length--)
        put(*text++);
}

void machine_exit(int status) {
    if (status == 0)
        *(volatile unsigned char *)0xfea00200 = 0x34; /* ACPI's sleep register: power off */
    else
        outb(0xf4, status); /* QEMU's isa-debug-exit: end with an error */
    for (;;)
        __asm__ volatile("hlt");
}

/* What devices/ declares as external. */

value machine_put(value c) {
    put(Int_val(c));
    return Val_unit;
}

value machine_ticks(value unit) {
    (void)unit;
    unsigned low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return caml_copy_int64((int64_t)high << 32 | low);
}
