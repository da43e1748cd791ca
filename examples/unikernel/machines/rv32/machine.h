/* The machine: a serial line, a clock and a switch. */
#include <stdint.h>

enum { MACHINE_HZ = 10000000 };

void machine_print(char c);
uint64_t machine_clock(void); /* MACHINE_HZ a second */
_Noreturn void machine_exit(int status);
