#include "config.h"
#include "json/parse.h"
#include "json/write.h"
#include "tests/check.h"

static struct arena arena;
static struct strbuf out;

/* Parses and writes a text, or says what is wrong with it and where. */
static const char *again(const char *text) {
    struct json_error e;
    const struct json *v = json_parse(&arena, text, strlen(text), &e);
    char place[100];
    strbuf_clear(&out);
    if (v != NULL) {
        json_write(&out, v);
    } else {
        snprintf(place, sizeof place, "%u:%u: %s", (unsigned)e.line, (unsigned)e.column, e.message);
        strbuf_puts(&out, place);
    }
    return out.text;
}

int main(void) {
    struct json_error e;
    const struct json *v;
    const char *text = "{\"a\": 1, \"b\": [true], \"a\": 2}";
    char deep[TABULA_MAX_DEPTH + 2];

    CHECK_TEXT(again(" [1, -2.5, 1e3, \"x\", null, true, false, {}, []] "), "[1, -2.5, 1000, \"x\", null, true, false, {}, []]");
    CHECK_TEXT(again("{\"k\\n\": \"\\u00e9\\ud83d\\ude00 \\\"q\\\"\"}"), "{\"k\\u000a\": \"\xC3\xA9\xF0\x9F\x98\x80 \\\"q\\\"\"}");
    CHECK_TEXT(again("[1,\n 2,]"), "2:4: expected a value");
    CHECK_TEXT(again("{\"a\" 1}"), "1:6: expected a colon");
    CHECK_TEXT(again("[1 2]"), "1:4: expected a comma or ]");
    CHECK_TEXT(again("\"abc"), "1:5: a string does not end");
    CHECK_TEXT(again("\"\\ud800\""), "1:8: an invalid escape");
    CHECK_TEXT(again("01"), "1:1: expected a value");
    CHECK_TEXT(again("1 1"), "1:3: text behind the value");
    CHECK_TEXT(again(""), "1:1: expected a value");
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    CHECK(json_parse(&arena, deep, strlen(deep), &e) == NULL);
    CHECK_TEXT(e.message, "nested too deeply");

    v = json_parse(&arena, text, strlen(text), &e);
    CHECK(v != NULL && json_get(v, "a")->number == 2 && json_get(v, "c") == NULL);
    CHECK(json_get(v, "b")->first->boolean);
    strbuf_free(&out);
    arena_free(&arena);
    return check_end("json");
}
