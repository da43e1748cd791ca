/* Comma-separated values, as RFC 4180 has them. */
#ifndef CSV_READER_H
#define CSV_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct csv_row {
    char **fields;
    size_t count;
    size_t line; /* where it begins, from 1 */
};

struct csv_reader {
    const char *at, *end;
    size_t line;
    struct arena *arena; /* of fields */
    const char *error;   /* what is wrong at line, or NULL */
};

void csv_begin(struct csv_reader *r, const char *text, size_t len, struct arena *arena);

/* Reads the next row. It returns false at the end and after an error. */
bool csv_next(struct csv_reader *r, struct csv_row *row);

/* Returns the index of a field, or -1. */
long csv_find(const struct csv_row *header, const char *name);

#endif
