/* JSON in memory. */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    bool boolean;
    double number;
    const char *string; /* NUL-terminated UTF-8 */
    const char *key;    /* in an object */
    struct json *first, *last, *next;
};

struct json *json_new(struct arena *a, enum json_kind kind);
struct json *json_string(struct arena *a, const char *text, size_t len);
struct json *json_number(struct arena *a, double value);

/* Adds an element to an array, or with a key a member to an object. */
void json_add(struct json *parent, const char *key, struct json *child);

/* Returns the member of an object, the last one of that key, or NULL. */
const struct json *json_get(const struct json *object, const char *key);

#endif
