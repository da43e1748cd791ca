#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

enum { BLOCK = 64 * 1024, ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    char *data;
};

static struct arena_block *grow(struct arena *a, size_t size) {
    struct arena_block *b = malloc(sizeof *b);
    size_t want = size > BLOCK ? size : BLOCK;
    if (b == NULL || (b->data = calloc(1, want)) == NULL)
        die("out of memory");
    b->used = 0;
    b->size = want;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size) {
    struct arena_block *b = a->blocks;
    void *p;
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (b == NULL || b->size - b->used < size)
        b = grow(a, size);
    p = b->data + b->used;
    b->used += size;
    a->total += size;
    return p;
}

char *arena_copy(struct arena *a, const char *text, size_t len) {
    char *p = arena_alloc(a, len + 1);
    if (len > 0)
        memcpy(p, text, len);
    return p;
}

void arena_free(struct arena *a) {
    while (a->blocks != NULL) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        free(b->data);
        free(b);
    }
    a->total = 0;
}
