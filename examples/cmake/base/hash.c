#include "base/hash.h"

uint64_t hash_bytes(const char *bytes, size_t len) {
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        h ^= (unsigned char)bytes[i];
        h *= UINT64_C(1099511628211);
    }
    return h;
}
