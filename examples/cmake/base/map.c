#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"

static struct map_entry *slot(struct map_entry *slots, size_t size, const char *key, size_t len) {
    size_t i = (size_t)hash_bytes(key, len) & (size - 1);
    while (slots[i].key != NULL && (strncmp(slots[i].key, key, len) != 0 || slots[i].key[len] != '\0'))
        i = (i + 1) & (size - 1);
    return &slots[i];
}

static void grow(struct map *m) {
    size_t size = m->size > 0 ? m->size * 2 : 16;
    struct map_entry *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        die("out of memory");
    for (size_t i = 0; i < m->size; i++)
        if (m->slots[i].key != NULL)
            *slot(slots, size, m->slots[i].key, strlen(m->slots[i].key)) = m->slots[i];
    free(m->slots);
    m->slots = slots;
    m->size = size;
}

double *map_at(struct map *m, const char *key, size_t len) {
    struct map_entry *e;
    if (m->count * 4 >= m->size * 3)
        grow(m);
    e = slot(m->slots, m->size, key, len);
    if (e->key == NULL) {
        e->key = arena_copy(&m->keys, key, len);
        m->count++;
    }
    return &e->value;
}

const double *map_find(const struct map *m, const char *key, size_t len) {
    struct map_entry *e;
    if (m->size == 0)
        return NULL;
    e = slot(m->slots, m->size, key, len);
    return e->key != NULL ? &e->value : NULL;
}

static int by_value(const void *x, const void *y) {
    const struct map_entry *a = x, *b = y;
    if (a->value != b->value)
        return a->value < b->value ? 1 : -1;
    return strcmp(a->key, b->key);
}

struct map_entry *map_sorted(const struct map *m) {
    struct map_entry *out = calloc(m->count + 1, sizeof *out);
    size_t n = 0;
    if (out == NULL)
        die("out of memory");
    for (size_t i = 0; i < m->size; i++)
        if (m->slots[i].key != NULL)
            out[n++] = m->slots[i];
    qsort(out, n, sizeof *out, by_value);
    return out;
}

void map_free(struct map *m) {
    free(m->slots);
    arena_free(&m->keys);
    memset(m, 0, sizeof *m);
}
