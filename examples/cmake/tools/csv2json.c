/* csv2json [FILE]: turns a table into a JSON object for each row. */
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/input.h"
#include "base/number.h"
#include "csv/reader.h"
#include "json/write.h"

static struct json *field(struct arena *a, const char *text) {
    double d;
    if (*text == '\0')
        return json_new(a, JSON_NULL);
    if (number_parse(text, &d))
        return json_number(a, d);
    return json_string(a, text, strlen(text));
}

int main(int argc, char **argv) {
    struct strbuf text = {0}, line = {0};
    struct arena arena = {0};
    struct csv_reader r;
    struct csv_row header, row;
    die_name("csv2json");
    if (argc > 2)
        die("usage: csv2json [FILE]");
    input_read(argc > 1 ? argv[1] : NULL, &text);
    csv_begin(&r, text.text, text.len, &arena);
    csv_next(&r, &header);
    while (csv_next(&r, &row)) {
        struct json *object = json_new(&arena, JSON_OBJECT);
        if (row.count > header.count)
            die("line %u: more fields than the header has", (unsigned)row.line);
        for (size_t i = 0; i < row.count; i++)
            json_add(object, header.fields[i], field(&arena, row.fields[i]));
        strbuf_clear(&line);
        json_write(&line, object);
        puts(line.text);
    }
    if (r.error != NULL)
        die("line %u: %s", (unsigned)r.line, r.error);
    strbuf_free(&text);
    strbuf_free(&line);
    arena_free(&arena);
    return 0;
}
