#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "base/strbuf.h"
#include "json/value.h"

/* Appends a value on one line. */
void json_write(struct strbuf *out, const struct json *v);

#endif
