#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static void reserve(struct strbuf *b, size_t more) {
    size_t cap = b->cap > 0 ? b->cap : 32;
    if (b->len + more + 1 <= b->cap)
        return;
    while (cap < b->len + more + 1)
        cap *= 2;
    b->text = realloc(b->text, cap);
    if (b->text == NULL)
        die("out of memory");
    b->cap = cap;
}

void strbuf_add(struct strbuf *b, const char *text, size_t len) {
    reserve(b, len);
    if (len > 0)
        memcpy(b->text + b->len, text, len);
    b->len += len;
    b->text[b->len] = '\0';
}

void strbuf_puts(struct strbuf *b, const char *text) { strbuf_add(b, text, strlen(text)); }

void strbuf_putc(struct strbuf *b, char c) { strbuf_add(b, &c, 1); }

void strbuf_clear(struct strbuf *b) {
    b->len = 0;
    if (b->text != NULL)
        b->text[0] = '\0';
}

void strbuf_free(struct strbuf *b) {
    free(b->text);
    memset(b, 0, sizeof *b);
}
