#include "csv/reader.h"
#include "csv/writer.h"
#include "tests/check.h"

static struct arena arena;

static const char *error_of(const char *text, size_t *line) {
    struct csv_reader r;
    struct csv_row row;
    csv_begin(&r, text, strlen(text), &arena);
    while (csv_next(&r, &row))
        continue;
    *line = r.line;
    return r.error;
}

/* Reads and writes a text. */
static void again(const char *text, struct strbuf *out) {
    struct csv_reader r;
    struct csv_row row;
    strbuf_clear(out);
    csv_begin(&r, text, strlen(text), &arena);
    while (csv_next(&r, &row))
        csv_write(out, &row);
}

int main(void) {
    struct csv_reader r;
    struct csv_row row;
    struct strbuf out = {0};
    size_t line;
    const char *text = "name,note\r\n\"a,b\",\"say \"\"hi\"\"\"\nc,\"two\nlines\"\nlast,\n";

    csv_begin(&r, text, strlen(text), &arena);
    CHECK(csv_next(&r, &row) && row.count == 2 && csv_find(&row, "note") == 1 && csv_find(&row, "none") == -1);
    CHECK(csv_next(&r, &row) && row.line == 2);
    CHECK_TEXT(row.fields[0], "a,b");
    CHECK_TEXT(row.fields[1], "say \"hi\"");
    CHECK(csv_next(&r, &row) && row.line == 3);
    CHECK_TEXT(row.fields[1], "two\nlines");
    CHECK(csv_next(&r, &row) && row.line == 5 && row.count == 2);
    CHECK_TEXT(row.fields[1], "");
    CHECK(!csv_next(&r, &row) && r.error == NULL);

    again("a,\"b\"\n\"c,d\",\"e\"\"f\"\n1,2,3,4,5,6,7,8,9,10\n", &out);
    CHECK_TEXT(out.text, "a,b\n\"c,d\",\"e\"\"f\"\n1,2,3,4,5,6,7,8,9,10\n");
    CHECK_TEXT(error_of("a\nb,\"c\nd", &line), "a quoted field does not end");
    CHECK(line == 2);
    CHECK_TEXT(error_of("\"a\"b\n", &line), "text behind a quoted field");
    CHECK(line == 1);
    strbuf_free(&out);
    arena_free(&arena);
    return check_end("csv");
}
