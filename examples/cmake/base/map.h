/* A hash table from strings to numbers. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/arena.h"

struct map_entry {
    const char *key; /* NULL: free */
    double value;
};

/* Zero-initialize to begin with. */
struct map {
    struct map_entry *slots;
    size_t count, size; /* size is 0 or a power of two */
    struct arena keys;
};

/* Returns the value of a key, which is added with the value 0 if it is not there. Valid until the next call. */
double *map_at(struct map *m, const char *key, size_t len);

/* Returns the value of a key, or NULL. */
const double *map_find(const struct map *m, const char *key, size_t len);

/* Returns all entries, the greatest value first and then by key. The caller frees the array. */
struct map_entry *map_sorted(const struct map *m);

void map_free(struct map *m);

#endif
