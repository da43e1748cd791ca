#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include <stdbool.h>

#include "expr/ast.h"

/* A number, of a dimension if that is not NULL, and the unit that it is to be shown in. */
struct quantity {
    double value;
    const char *dimension;
    const struct unit *shown;
};

/* Evaluates an expression. It returns false and says why if that has no value. */
bool expr_eval(const struct node *n, struct quantity *out, const char **error);

#endif
