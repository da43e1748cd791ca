#include "csv/writer.h"

#include <string.h>

static void write_field(struct strbuf *out, const char *field) {
    if (strpbrk(field, ",\"\r\n") == NULL) {
        strbuf_puts(out, field);
        return;
    }
    strbuf_putc(out, '"');
    for (; *field != '\0'; field++) {
        if (*field == '"')
            strbuf_putc(out, '"');
        strbuf_putc(out, *field);
    }
    strbuf_putc(out, '"');
}

void csv_write(struct strbuf *out, const struct csv_row *row) {
    for (size_t i = 0; i < row->count; i++) {
        if (i > 0)
            strbuf_putc(out, ',');
        write_field(out, row->fields[i]);
    }
    strbuf_putc(out, '\n');
}
