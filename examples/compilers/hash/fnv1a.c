/* The 64-bit hash of Fowler, Noll and Vo, in its variant 1a. */
#include "hash.h"

uint64_t fnv1a_update(uint64_t hash, const unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}
