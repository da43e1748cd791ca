/* Checksums of bytes. Each takes the value so far, so that a file can be read in parts; the first is *_START. */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

#define CRC32_START 0u
#define ADLER32_START 1u
#define FNV1A_START 14695981039346656037u

uint32_t crc32_update(uint32_t crc, const unsigned char *bytes, size_t n);
uint32_t adler32_update(uint32_t adler, const unsigned char *bytes, size_t n);
uint64_t fnv1a_update(uint64_t hash, const unsigned char *bytes, size_t n);

#endif
