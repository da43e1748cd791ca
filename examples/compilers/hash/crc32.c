/* The CRC of Ethernet, gzip and PNG. */
#include "hash.h"
#include "crc_table.h"

uint32_t crc32_update(uint32_t crc, const unsigned char *bytes, size_t n) {
    crc = ~crc;
    for (size_t i = 0; i < n; i++)
        crc = crc_table[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}
