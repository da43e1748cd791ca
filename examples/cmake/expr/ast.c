#include "expr/ast.h"

struct node *node_new(struct arena *a, enum node_kind kind, struct node *left, struct node *right) {
    struct node *n = arena_alloc(a, sizeof *n);
    n->kind = kind;
    n->left = left;
    n->right = right;
    return n;
}

int node_depth(const struct node *n) {
    int left, right;
    if (n == NULL)
        return 0;
    left = node_depth(n->left);
    right = node_depth(n->right);
    return 1 + (left > right ? left : right);
}
