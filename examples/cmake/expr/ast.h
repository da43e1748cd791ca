#ifndef EXPR_AST_H
#define EXPR_AST_H

#include "base/arena.h"
#include "expr/units.h"

enum node_kind { NODE_NUMBER, NODE_NEGATE, NODE_BINARY, NODE_CALL, NODE_UNIT, NODE_CONVERT };

struct node {
    enum node_kind kind;
    char op;                  /* of a binary node */
    double number;            /* of a number */
    const struct unit *unit;  /* of a unit or a conversion */
    const char *name;         /* of a call */
    struct node *left, *right;
};

struct node *node_new(struct arena *a, enum node_kind kind, struct node *left, struct node *right);

/* Returns how many nodes lie on the longest way down. */
int node_depth(const struct node *n);

#endif
