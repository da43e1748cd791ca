#include "expr/parse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "expr/token.h"

struct parser {
    struct arena *arena;
    const char *start;
    struct token token;
    const char *error;
    const char *where;
    int depth;
};

static struct node *sum(struct parser *p);

static void advance(struct parser *p) { p->token = token_next(p->token.text + p->token.len); }

static struct node *fail(struct parser *p, const char *message) {
    if (p->error == NULL) {
        p->error = message;
        p->where = p->token.text;
    }
    return NULL;
}

static bool sign(const struct parser *p, char c) { return p->token.kind == TOKEN_SIGN && p->token.sign == c; }

static bool named(const struct parser *p, const char *name) {
    return p->token.kind == TOKEN_NAME && p->token.len == strlen(name) && strncmp(p->token.text, name, p->token.len) == 0;
}

struct key {
    const char *name;
    size_t len;
};

static int compare_unit(const void *k, const void *u) {
    const struct key *key = k;
    const struct unit *unit = u;
    int c = strncmp(key->name, unit->name, key->len);
    return c != 0 ? c : unit->name[key->len] == '\0' ? 0 : -1;
}

const struct unit *unit_find(const char *name, size_t len) {
    struct key key = {name, len};
    return bsearch(&key, units, units_count, sizeof units[0], compare_unit);
}

static struct node *call(struct parser *p) {
    static const char *const functions[] = {"sqrt", "abs", "floor"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        struct node *n, *arg;
        if (!named(p, functions[i]))
            continue;
        advance(p);
        if (!sign(p, '('))
            return fail(p, "expected (");
        advance(p);
        if ((arg = sum(p)) == NULL)
            return NULL;
        if (!sign(p, ')'))
            return fail(p, "expected )");
        advance(p);
        n = node_new(p->arena, NODE_CALL, arg, NULL);
        n->name = functions[i];
        return n;
    }
    return fail(p, "unknown name");
}

static struct node *operand(struct parser *p) {
    struct node *n;
    if (p->token.kind == TOKEN_NUMBER) {
        n = node_new(p->arena, NODE_NUMBER, NULL, NULL);
        n->number = p->token.number;
        advance(p);
    } else if (sign(p, '(')) {
        advance(p);
        if ((n = sum(p)) == NULL)
            return NULL;
        if (!sign(p, ')'))
            return fail(p, "expected )");
        advance(p);
    } else if (p->token.kind == TOKEN_NAME) {
        if ((n = call(p)) == NULL)
            return NULL;
    } else {
        return fail(p, "expected a number");
    }
    while (p->token.kind == TOKEN_NAME && !named(p, "in")) {
        const struct unit *u = unit_find(p->token.text, p->token.len);
        if (u == NULL)
            return fail(p, "unknown unit");
        n = node_new(p->arena, NODE_UNIT, n, NULL);
        n->unit = u;
        advance(p);
    }
    return n;
}

static struct node *power(struct parser *p) {
    struct node *n, *right;
    if (++p->depth > TABULA_MAX_DEPTH)
        return fail(p, "nested too deeply");
    if (sign(p, '-')) {
        advance(p);
        n = power(p);
        n = n != NULL ? node_new(p->arena, NODE_NEGATE, n, NULL) : NULL;
    } else if ((n = operand(p)) != NULL && sign(p, '^')) {
        advance(p);
        right = power(p);
        n = right != NULL ? node_new(p->arena, NODE_BINARY, n, right) : NULL;
        if (n != NULL)
            n->op = '^';
    }
    p->depth--;
    return n;
}

static struct node *chain(struct parser *p, const char *ops, struct node *(*next)(struct parser *)) {
    struct node *n = next(p);
    while (n != NULL && p->token.kind == TOKEN_SIGN && strchr(ops, p->token.sign) != NULL) {
        char op = p->token.sign;
        struct node *right;
        advance(p);
        if ((right = next(p)) == NULL)
            return NULL;
        n = node_new(p->arena, NODE_BINARY, n, right);
        n->op = op;
    }
    return n;
}

static struct node *product(struct parser *p) { return chain(p, "*/", power); }

static struct node *sum(struct parser *p) { return chain(p, "+-", product); }

struct node *expr_parse(struct arena *a, const char *text, struct expr_error *error) {
    struct parser p = {.arena = a, .start = text, .token = token_next(text)};
    struct node *n = sum(&p);
    if (n != NULL && named(&p, "in")) {
        const struct unit *u;
        advance(&p);
        u = p.token.kind == TOKEN_NAME ? unit_find(p.token.text, p.token.len) : NULL;
        if (u == NULL) {
            n = fail(&p, "expected a unit");
        } else {
            n = node_new(a, NODE_CONVERT, n, NULL);
            n->unit = u;
            advance(&p);
        }
    }
    if (n != NULL && p.token.kind != TOKEN_END)
        n = fail(&p, "text behind the expression");
    if (n == NULL) {
        error->message = p.error;
        error->column = (size_t)(p.where - text) + 1;
    }
    return n;
}
