/* Memory that is freed all at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero-initialize to begin with. */
struct arena {
    struct arena_block *blocks;
    size_t total; /* bytes handed out */
};

/* Returns zeroed memory, aligned for anything. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* Copies len bytes and adds a NUL. */
char *arena_copy(struct arena *a, const char *text, size_t len);

void arena_free(struct arena *a);

#endif
