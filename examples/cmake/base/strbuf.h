/* Text that grows. */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stddef.h>

/* Zero-initialize to begin with. text is NULL until something is added, and ends with a NUL from then on. */
struct strbuf {
    char *text;
    size_t len, cap;
};

void strbuf_add(struct strbuf *b, const char *text, size_t len);
void strbuf_puts(struct strbuf *b, const char *text);
void strbuf_putc(struct strbuf *b, char c);

/* Forgets the text and keeps the memory. */
void strbuf_clear(struct strbuf *b);
void strbuf_free(struct strbuf *b);

#endif
