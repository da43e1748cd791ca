#include "base/die.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *name = "tabula";

void die_name(const char *program) { name = program; }

void die(const char *format, ...) {
    va_list args;
    fflush(stdout);
    fprintf(stderr, "%s: ", name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}
