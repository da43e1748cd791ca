#include "base/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/die.h"

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

void input_read(const char *name, struct strbuf *out) {
    char chunk[4096];
    size_t n;
    FILE *f = stdin;
    if (name == NULL || strcmp(name, "-") == 0) {
        name = "standard input";
#ifdef _WIN32
        _setmode(_fileno(stdin), _O_BINARY);
#endif
    } else if ((f = fopen(name, "rb")) == NULL) {
        die("%s: %s", name, strerror(errno));
    }
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        strbuf_add(out, chunk, n);
    if (ferror(f))
        die("%s: %s", name, strerror(errno));
    if (f != stdin)
        fclose(f);
    strbuf_add(out, "", 0); /* a NUL even if there is nothing */
}
