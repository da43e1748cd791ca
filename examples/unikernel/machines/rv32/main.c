/* A C program's main, which starts the byte code that code.c holds. */
#include <caml/callback.h>
#include <stdlib.h>

int main(void) {
    static char name[] = "hello";
    char *argv[] = {name, NULL};
    caml_startup(argv);
    exit(0); /* nobody is there to return to */
}
