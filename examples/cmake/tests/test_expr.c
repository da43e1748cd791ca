#include "base/number.h"
#include "base/strbuf.h"
#include "expr/eval.h"
#include "expr/parse.h"
#include "tests/check.h"

static struct arena arena;
static struct strbuf out;

/* Evaluates an expression, or says what is wrong with it and where. */
static const char *eval(const char *text) {
    struct expr_error e;
    struct quantity q;
    const char *why;
    char digits[NUMBER_SIZE];
    const struct node *n = expr_parse(&arena, text, &e);
    strbuf_clear(&out);
    if (n == NULL) {
        snprintf(digits, sizeof digits, "%u: ", (unsigned)e.column);
        strbuf_puts(&out, digits);
        strbuf_puts(&out, e.message);
    } else if (!expr_eval(n, &q, &why)) {
        strbuf_puts(&out, why);
    } else {
        strbuf_puts(&out, number_format(q.shown != NULL ? q.value / q.shown->factor : q.value, digits));
        if (q.shown != NULL) {
            strbuf_putc(&out, ' ');
            strbuf_puts(&out, q.shown->name);
        }
    }
    return out.text;
}

int main(void) {
    struct expr_error e;
    CHECK_TEXT(eval("1 + 2 * 3"), "7");
    CHECK_TEXT(eval("(1 + 2) * 3"), "9");
    CHECK_TEXT(eval("2 ^ 3 ^ 2"), "512");
    CHECK_TEXT(eval("7 - 2 - 1"), "4");
    CHECK_TEXT(eval("-2 ^ 2"), "-4");
    CHECK_TEXT(eval("sqrt(2 * 8) + abs(-1) + floor(2.9)"), "7");
    CHECK_TEXT(eval("3 ft + 20 cm in mm"), "1114.4 mm");
    CHECK_TEXT(eval("1 h / 1 min"), "60");
    CHECK_TEXT(eval("2 * 3 kg"), "6 kg");
    CHECK_TEXT(eval("1 day in h"), "24 h");
    CHECK_TEXT(eval("1 kg + 1 m"), "quantities of different dimensions do not add up");
    CHECK_TEXT(eval("1 kg in m"), "the unit is of another dimension");
    CHECK_TEXT(eval("2 m * 3 m"), "the result would be of a dimension that has no name");
    CHECK_TEXT(eval("1 / 0"), "division by zero");
    CHECK_TEXT(eval("sqrt(0 - 1)"), "the square root of a negative number");
    CHECK_TEXT(eval("1 + "), "5: expected a number");
    CHECK_TEXT(eval("(1"), "3: expected )");
    CHECK_TEXT(eval("1 parsec"), "3: unknown unit");
    CHECK_TEXT(eval("log(1)"), "1: unknown name");
    CHECK_TEXT(eval("1 $ 2"), "3: text behind the expression");
    CHECK(node_depth(expr_parse(&arena, "1 + 2 * 3", &e)) == 3);
    for (size_t i = 1; i < units_count; i++)
        CHECK(strcmp(units[i - 1].name, units[i].name) < 0);
    CHECK(unit_find("mi", 2) == NULL && unit_find("mile", 4) != NULL);
    strbuf_free(&out);
    arena_free(&arena);
    return check_end("expr");
}
