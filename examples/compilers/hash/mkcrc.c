/* Prints the table of crc32.c: what the build machine runs while the others build. */
#include <stdint.h>
#include <stdio.h>

int main(void) {
    puts("static const uint32_t crc_table[256] = {");
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
        printf("0x%08x,%c", (unsigned)crc, i % 8 == 7 ? '\n' : ' ');
    }
    puts("};");
    return 0;
}
