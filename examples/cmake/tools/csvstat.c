/* csvstat COLUMN [FILE]: sums up a column of numbers. */
#include <stdio.h>

#include "base/die.h"
#include "base/input.h"
#include "base/number.h"
#include "csv/reader.h"
#include "stats/histogram.h"
#include "stats/summary.h"

/* Collects the numbers of a column, and returns how many there are. */
static size_t column(struct csv_reader *r, const char *name, struct strbuf *numbers) {
    struct csv_row row;
    size_t count = 0;
    long at;
    if (!csv_next(r, &row) || (at = csv_find(&row, name)) < 0)
        die("there is no column %s", name);
    while (csv_next(r, &row)) {
        double d;
        if ((size_t)at >= row.count || !number_parse(row.fields[at], &d))
            die("line %u: no number in column %s", (unsigned)row.line, name);
        strbuf_add(numbers, (const char *)&d, sizeof d);
        count++;
    }
    if (r->error != NULL)
        die("line %u: %s", (unsigned)r->line, r->error);
    return count;
}

static void print(const char *what, double value) {
    char digits[NUMBER_SIZE];
    printf("%-9s %s\n", what, number_format(value, digits));
}

int main(int argc, char **argv) {
    struct strbuf text = {0}, numbers = {0}, picture = {0};
    struct arena arena = {0};
    struct csv_reader r;
    struct histogram h;
    struct summary s;
    size_t count;
    die_name("csvstat");
    if (argc < 2 || argc > 3)
        die("usage: csvstat COLUMN [FILE]");
    input_read(argc > 2 ? argv[2] : NULL, &text);
    csv_begin(&r, text.text, text.len, &arena);
    count = column(&r, argv[1], &numbers);
    s = summarize((double *)(void *)numbers.text, count);
    print("count", (double)s.count);
    print("least", s.least);
    print("median", s.median);
    print("mean", s.mean);
    print("most", s.most);
    print("deviation", s.deviation);
    h = histogram_of((double *)(void *)numbers.text, count);
    histogram_draw(&h, &picture);
    fputs(picture.text, stdout);
    strbuf_free(&text);
    strbuf_free(&numbers);
    strbuf_free(&picture);
    arena_free(&arena);
    return 0;
}
