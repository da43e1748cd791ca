#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include "json/value.h"

struct json_error {
    const char *message;
    size_t line, column; /* from 1; columns count bytes */
};

/* Parses a text. It returns NULL and fills in the error if that is not JSON. */
struct json *json_parse(struct arena *a, const char *text, size_t len, struct json_error *error);

#endif
