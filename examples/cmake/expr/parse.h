/* Arithmetic with units: "3 ft + 20 cm in mm". */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "expr/ast.h"

struct expr_error {
    const char *message;
    size_t column; /* from 1 */
};

/* Parses an expression. It returns NULL and fills in the error if it is none. */
struct node *expr_parse(struct arena *a, const char *text, struct expr_error *error);

/* Returns the unit of a name, or NULL. */
const struct unit *unit_find(const char *name, size_t len);

#endif
