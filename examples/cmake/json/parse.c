#include "json/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "config.h"

struct parser {
    struct arena *arena;
    const char *start, *at, *end;
    const char *error;
    int depth;
};

static struct json *value(struct parser *p);

static struct json *fail(struct parser *p, const char *message) {
    if (p->error == NULL)
        p->error = message;
    return NULL;
}

static void space(struct parser *p) {
    while (p->at < p->end && strchr(" \t\r\n", *p->at) != NULL && *p->at != '\0')
        p->at++;
}

static bool take(struct parser *p, char c) {
    space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool hex(struct parser *p, uint32_t *c) {
    *c = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const char *digits = "0123456789abcdef", *d;
        char low;
        if (p->at == p->end || *p->at == '\0')
            return false;
        low = *p->at >= 'A' && *p->at <= 'F' ? (char)(*p->at - 'A' + 'a') : *p->at;
        if ((d = strchr(digits, low)) == NULL)
            return false;
        *c = *c << 4 | (uint32_t)(d - digits);
    }
    return true;
}

static bool unicode(struct parser *p, struct strbuf *out) {
    uint32_t c, low;
    char bytes[UTF8_MAX];
    if (!hex(p, &c))
        return false;
    if (c >= 0xD800 && c < 0xDC00 && p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u') {
        p->at += 2;
        if (!hex(p, &low) || low < 0xDC00 || low >= 0xE000)
            return false;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (c == 0 || (c >= 0xD800 && c < 0xE000))
        return false;
    strbuf_add(out, bytes, utf8_encode(c, bytes));
    return true;
}

static bool escape(struct parser *p, struct strbuf *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *e;
    if (p->at == p->end || *p->at == '\0')
        return false;
    if (*p->at == 'u') {
        p->at++;
        return unicode(p, out);
    }
    if ((e = strchr(from, *p->at)) == NULL)
        return false;
    strbuf_putc(out, to[e - from]);
    p->at++;
    return true;
}

static char *string(struct parser *p) {
    struct strbuf b = {0};
    char *text = NULL;
    while (p->at < p->end && *p->at != '"') {
        if ((unsigned char)*p->at < ' ') {
            fail(p, "a control character in a string");
            break;
        }
        if (*p->at != '\\') {
            strbuf_putc(&b, *p->at++);
            continue;
        }
        p->at++;
        if (!escape(p, &b)) {
            fail(p, "an invalid escape");
            break;
        }
    }
    if (p->error == NULL && p->at == p->end)
        fail(p, "a string does not end");
    if (p->error == NULL) {
        p->at++;
        text = arena_copy(p->arena, b.text, b.len);
    }
    strbuf_free(&b);
    return text;
}

static struct json *number(struct parser *p) {
    char *end;
    double d = strtod(p->at, &end);
    bool sign = *p->at == '-';
    const char *digits = p->at + sign;
    if (end == p->at || end > p->end || !isfinite(d) || *digits < '0' || *digits > '9' ||
        (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') || digits[1] == 'x' || digits[1] == 'X')
        return fail(p, "expected a value");
    p->at = end;
    return json_number(p->arena, d);
}

static struct json *members(struct parser *p, struct json *parent, char close) {
    if (take(p, close))
        return parent;
    do {
        const char *key = NULL;
        struct json *child;
        if (parent->kind == JSON_OBJECT) {
            if (!take(p, '"'))
                return fail(p, "expected a key");
            if ((key = string(p)) == NULL)
                return NULL;
            if (!take(p, ':'))
                return fail(p, "expected a colon");
        }
        if ((child = value(p)) == NULL)
            return NULL;
        json_add(parent, key, child);
    } while (take(p, ','));
    if (!take(p, close))
        return fail(p, parent->kind == JSON_OBJECT ? "expected a comma or }" : "expected a comma or ]");
    return parent;
}

static struct json *word(struct parser *p, const char *text, enum json_kind kind, bool boolean) {
    size_t len = strlen(text);
    struct json *v;
    if ((size_t)(p->end - p->at) < len || strncmp(p->at, text, len) != 0)
        return fail(p, "expected a value");
    p->at += len;
    v = json_new(p->arena, kind);
    v->boolean = boolean;
    return v;
}

static struct json *value(struct parser *p) {
    struct json *v = NULL;
    char *text;
    if (++p->depth > TABULA_MAX_DEPTH)
        return fail(p, "nested too deeply");
    if (take(p, '{')) {
        v = members(p, json_new(p->arena, JSON_OBJECT), '}');
    } else if (take(p, '[')) {
        v = members(p, json_new(p->arena, JSON_ARRAY), ']');
    } else if (take(p, '"')) {
        if ((text = string(p)) != NULL)
            v = json_string(p->arena, text, strlen(text));
    } else if (p->at == p->end) {
        fail(p, "expected a value");
    } else if (*p->at == 't') {
        v = word(p, "true", JSON_BOOL, true);
    } else if (*p->at == 'f') {
        v = word(p, "false", JSON_BOOL, false);
    } else if (*p->at == 'n') {
        v = word(p, "null", JSON_NULL, false);
    } else {
        v = number(p);
    }
    p->depth--;
    return v;
}

struct json *json_parse(struct arena *a, const char *text, size_t len, struct json_error *error) {
    struct parser p = {.arena = a, .start = text, .at = text, .end = text + len};
    struct json *v = value(&p);
    space(&p);
    if (v != NULL && p.at < p.end)
        v = fail(&p, "text behind the value");
    if (v == NULL) {
        error->message = p.error;
        error->line = error->column = 1;
        for (const char *c = p.start; c < p.at; c++) {
            error->column = *c == '\n' ? 1 : error->column + 1;
            error->line += *c == '\n';
        }
    }
    return v;
}
