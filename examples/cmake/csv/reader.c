#include "csv/reader.h"

#include <string.h>

#include "base/strbuf.h"

void csv_begin(struct csv_reader *r, const char *text, size_t len, struct arena *arena) {
    memset(r, 0, sizeof *r);
    r->at = text;
    r->end = text + len;
    r->line = 1;
    r->arena = arena;
}

static bool quoted(struct csv_reader *r, struct strbuf *field) {
    size_t began = r->line;
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"')
                return true;
        }
        if (*r->at == '\n')
            r->line++;
        strbuf_putc(field, *r->at);
    }
    r->line = began;
    r->error = "a quoted field does not end";
    return false;
}

static bool plain(const struct csv_reader *r) {
    return r->at < r->end && *r->at != ',' && *r->at != '\n' && *r->at != '\r';
}

static bool read_field(struct csv_reader *r, struct strbuf *field) {
    strbuf_clear(field);
    if (r->at < r->end && *r->at == '"') {
        if (!quoted(r, field))
            return false;
        if (plain(r)) {
            r->error = "text behind a quoted field";
            return false;
        }
        return true;
    }
    for (; plain(r); r->at++)
        strbuf_putc(field, *r->at);
    return true;
}

static void append(struct csv_reader *r, struct csv_row *row, size_t *cap, const struct strbuf *field) {
    if (row->count == *cap) {
        size_t more = *cap > 0 ? *cap * 2 : 8;
        char **fields = arena_alloc(r->arena, more * sizeof *fields);
        if (row->count > 0)
            memcpy(fields, row->fields, row->count * sizeof *fields);
        row->fields = fields;
        *cap = more;
    }
    row->fields[row->count++] = arena_copy(r->arena, field->text, field->len);
}

bool csv_next(struct csv_reader *r, struct csv_row *row) {
    struct strbuf field = {0};
    size_t cap = 0;
    bool ok = true;
    memset(row, 0, sizeof *row);
    row->line = r->line;
    if (r->error != NULL || r->at == r->end)
        return false;
    for (;;) {
        if (!(ok = read_field(r, &field)))
            break;
        append(r, row, &cap, &field);
        if (r->at == r->end || *r->at != ',')
            break;
        r->at++;
    }
    if (ok && r->at < r->end && *r->at == '\r')
        r->at++;
    if (ok && r->at < r->end && *r->at == '\n') {
        r->at++;
        r->line++;
    }
    strbuf_free(&field);
    return ok;
}

long csv_find(const struct csv_row *header, const char *name) {
    for (size_t i = 0; i < header->count; i++)
        if (strcmp(header->fields[i], name) == 0)
            return (long)i;
    return -1;
}
