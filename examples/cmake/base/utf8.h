#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_INVALID = 0xFFFD, UTF8_MAX = 4 };

/* Decodes the character at text, and says how many bytes it takes: at least 1 if len is. Bytes that are none are
   UTF8_INVALID, one by one. */
uint32_t utf8_decode(const char *text, size_t len, size_t *size);

/* Encodes a character and returns how many bytes that takes. */
size_t utf8_encode(uint32_t c, char out[UTF8_MAX]);

/* Counts characters. */
size_t utf8_length(const char *text, size_t len);

#endif
