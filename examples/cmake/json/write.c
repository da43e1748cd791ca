#include "json/write.h"

#include <stdio.h>

#include "base/number.h"

static void write_string(struct strbuf *out, const char *text) {
    strbuf_putc(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        char code[8];
        if (c == '"' || c == '\\') {
            strbuf_putc(out, '\\');
            strbuf_putc(out, (char)c);
        } else if (c < ' ') {
            snprintf(code, sizeof code, "\\u%04x", c);
            strbuf_puts(out, code);
        } else {
            strbuf_putc(out, (char)c);
        }
    }
    strbuf_putc(out, '"');
}

static void write_members(struct strbuf *out, const struct json *parent) {
    for (const struct json *v = parent->first; v != NULL; v = v->next) {
        if (v != parent->first)
            strbuf_puts(out, ", ");
        if (v->key != NULL) {
            write_string(out, v->key);
            strbuf_puts(out, ": ");
        }
        json_write(out, v);
    }
}

void json_write(struct strbuf *out, const struct json *v) {
    char digits[NUMBER_SIZE];
    switch (v->kind) {
    case JSON_NULL:
        strbuf_puts(out, "null");
        break;
    case JSON_BOOL:
        strbuf_puts(out, v->boolean ? "true" : "false");
        break;
    case JSON_NUMBER:
        strbuf_puts(out, number_format(v->number, digits));
        break;
    case JSON_STRING:
        write_string(out, v->string);
        break;
    case JSON_ARRAY:
        strbuf_putc(out, '[');
        write_members(out, v);
        strbuf_putc(out, ']');
        break;
    case JSON_OBJECT:
        strbuf_putc(out, '{');
        write_members(out, v);
        strbuf_putc(out, '}');
        break;
    }
}
