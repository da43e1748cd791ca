/* The checksum of zlib. */
#include "hash.h"

enum { MODULUS = 65521 };

uint32_t adler32_update(uint32_t adler, const unsigned char *bytes, size_t n) {
    uint32_t a = adler & 0xffff, b = adler >> 16;
    for (size_t i = 0; i < n; i++) {
        a = (a + bytes[i]) % MODULUS;
        b = (b + a) % MODULUS;
    }
    return b << 16 | a;
}
