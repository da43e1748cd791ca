#include "base/utf8.h"

uint32_t utf8_decode(const char *text, size_t len, size_t *size) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text[0];
    size_t n = first < 0x80 ? 1 : first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : 2;
    uint32_t c = first;
    *size = 1;
    if (n == 1)
        return c;
    if (first < 0xC0 || first >= 0xF8 || n > len)
        return UTF8_INVALID;
    c &= 0x7Fu >> n;
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0) != 0x80)
            return UTF8_INVALID;
        c = c << 6 | (next & 0x3F);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return UTF8_INVALID;
    *size = n;
    return c;
}

size_t utf8_encode(uint32_t c, char out[UTF8_MAX]) {
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> n) | c);
    return n;
}

size_t utf8_length(const char *text, size_t len) {
    size_t count = 0, size;
    for (size_t i = 0; i < len; i += size, count++)
        utf8_decode(text + i, len - i, &size);
    return count;
}
