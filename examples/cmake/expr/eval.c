#include "expr/eval.h"

#include <math.h>
#include <string.h>

static bool same(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

static bool binary(char op, struct quantity a, struct quantity b, struct quantity *out, const char **error) {
    *out = a;
    switch (op) {
    case '+':
    case '-':
        if (!same(a.dimension, b.dimension)) {
            *error = "quantities of different dimensions do not add up";
            return false;
        }
        out->value = op == '+' ? a.value + b.value : a.value - b.value;
        return true;
    case '*':
        if (a.dimension != NULL && b.dimension != NULL)
            break;
        out->value = a.value * b.value;
        if (a.dimension == NULL) {
            out->dimension = b.dimension;
            out->shown = b.shown;
        }
        return true;
    case '/':
        if (b.value == 0) {
            *error = "division by zero";
            return false;
        }
        if (b.dimension != NULL && !same(a.dimension, b.dimension))
            break;
        if (b.dimension != NULL) {
            out->dimension = NULL;
            out->shown = NULL;
        }
        out->value = a.value / b.value;
        return true;
    case '^':
        if (a.dimension != NULL || b.dimension != NULL)
            break;
        out->value = pow(a.value, b.value);
        return true;
    }
    *error = "the result would be of a dimension that has no name";
    return false;
}

static bool call(const struct node *n, struct quantity *out, const char **error) {
    if (strcmp(n->name, "abs") == 0) {
        out->value = fabs(out->value);
        return true;
    }
    if (out->dimension != NULL) {
        *error = "this function takes a plain number";
        return false;
    }
    if (strcmp(n->name, "floor") == 0) {
        out->value = floor(out->value);
        return true;
    }
    if (out->value < 0) {
        *error = "the square root of a negative number";
        return false;
    }
    out->value = sqrt(out->value);
    return true;
}

bool expr_eval(const struct node *n, struct quantity *out, const char **error) {
    struct quantity right;
    if (n->kind == NODE_NUMBER) {
        *out = (struct quantity){.value = n->number};
        return true;
    }
    if (!expr_eval(n->left, out, error))
        return false;
    switch (n->kind) {
    case NODE_NEGATE:
        out->value = -out->value;
        return true;
    case NODE_CALL:
        return call(n, out, error);
    case NODE_UNIT:
        if (out->dimension != NULL) {
            *error = "a quantity that has a unit already";
            return false;
        }
        *out = (struct quantity){out->value * n->unit->factor, n->unit->dimension, n->unit};
        return true;
    case NODE_CONVERT:
        if (!same(out->dimension, n->unit->dimension)) {
            *error = "the unit is of another dimension";
            return false;
        }
        out->shown = n->unit;
        return true;
    default:
        return expr_eval(n->right, &right, error) && binary(n->op, *out, right, out, error);
    }
}
