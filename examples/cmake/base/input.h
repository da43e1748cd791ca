#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include "base/strbuf.h"

/* Reads a whole file, or standard input if its name is NULL or "-". Ends the program if that fails. */
void input_read(const char *name, struct strbuf *out);

#endif
