#include "json/value.h"

#include <string.h>

struct json *json_new(struct arena *a, enum json_kind kind) {
    struct json *v = arena_alloc(a, sizeof *v);
    v->kind = kind;
    return v;
}

struct json *json_string(struct arena *a, const char *text, size_t len) {
    struct json *v = json_new(a, JSON_STRING);
    v->string = arena_copy(a, text, len);
    return v;
}

struct json *json_number(struct arena *a, double value) {
    struct json *v = json_new(a, JSON_NUMBER);
    v->number = value;
    return v;
}

void json_add(struct json *parent, const char *key, struct json *child) {
    child->key = key;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

const struct json *json_get(const struct json *object, const char *key) {
    const struct json *found = NULL;
    for (const struct json *v = object->first; v != NULL; v = v->next)
        if (v->key != NULL && strcmp(v->key, key) == 0)
            found = v;
    return found;
}
