/* The machine: a serial line and a switch. */

void machine_print(const char *text, unsigned long length);
_Noreturn void machine_exit(int status);
