#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a. */
uint64_t hash_bytes(const char *bytes, size_t len);

#endif
