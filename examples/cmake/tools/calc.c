/* calc EXPRESSION...: evaluates arithmetic with units. */
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/number.h"
#include "config.h"
#include "expr/eval.h"
#include "expr/parse.h"

static void calculate(const char *text) {
    struct arena arena = {0};
    struct expr_error error;
    struct quantity q;
    const char *why;
    char digits[NUMBER_SIZE];
    const struct node *n = expr_parse(&arena, text, &error);
    if (n == NULL)
        die("%s\n  %s\n  %*s", error.message, text, (int)error.column, "^");
    if (!expr_eval(n, &q, &why))
        die("%s: %s", text, why);
    printf("%s", number_format(q.shown != NULL ? q.value / q.shown->factor : q.value, digits));
    if (q.shown != NULL)
        printf(" %s", q.shown->name);
    putchar('\n');
    arena_free(&arena);
}

int main(int argc, char **argv) {
    die_name("calc");
    if (argc < 2)
        die("usage: calc EXPRESSION...");
    if (strcmp(argv[1], "--version") == 0) {
        printf("calc %s for %s, %u units\n", TABULA_VERSION, TABULA_SYSTEM, (unsigned)units_count);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        calculate(argv[i]);
    return 0;
}
