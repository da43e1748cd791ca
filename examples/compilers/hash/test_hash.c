/* Checks against values that are published: those of "123456789". */
#include <inttypes.h>
#include <stdio.h>
#include "hash.h"

static int failures;

static void check(const char *what, uint64_t got, uint64_t want) {
    if (got == want) return;
    printf("%s: %" PRIx64 ", want %" PRIx64 "\n", what, got, want);
    failures++;
}

int main(void) {
    const unsigned char *digits = (const unsigned char *)"123456789";
    check("crc32", crc32_update(CRC32_START, digits, 9), 0xcbf43926);
    check("adler32", adler32_update(ADLER32_START, digits, 9), 0x091e01de);
    check("fnv1a", fnv1a_update(FNV1A_START, digits, 9), 0x06d5573923c6cdfc);
    check("crc32 in parts", crc32_update(crc32_update(CRC32_START, digits, 4), digits + 4, 5), 0xcbf43926);
    return failures != 0;
}
