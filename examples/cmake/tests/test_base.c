#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "tests/check.h"

static void test_arena(void) {
    struct arena a = {0};
    char *big = arena_alloc(&a, 200000);
    CHECK((uintptr_t)big % 16 == 0 && big[0] == 0 && big[199999] == 0);
    CHECK_TEXT(arena_copy(&a, "hello", 4), "hell");
    arena_free(&a);
    CHECK(a.blocks == NULL && a.total == 0);
}

static void test_strbuf(void) {
    struct strbuf b = {0};
    for (int i = 0; i < 1000; i++)
        strbuf_puts(&b, "ab");
    CHECK(b.len == 2000 && b.text[1999] == 'b' && b.text[2000] == '\0');
    strbuf_clear(&b);
    strbuf_putc(&b, 'x');
    CHECK_TEXT(b.text, "x");
    strbuf_free(&b);
    CHECK(b.text == NULL);
}

static void test_map(void) {
    struct map m = {0};
    char key[16];
    struct map_entry *sorted;
    CHECK(map_find(&m, "a", 1) == NULL);
    for (int i = 0; i < 500; i++)
        *map_at(&m, key, (size_t)snprintf(key, sizeof key, "k%d", i)) = i;
    CHECK(m.count == 500);
    CHECK(*map_find(&m, "k321", 4) == 321);
    CHECK(map_find(&m, "k3210", 5) == NULL);
    sorted = map_sorted(&m);
    CHECK_TEXT(sorted[0].key, "k499");
    CHECK_TEXT(sorted[499].key, "k0");
    free(sorted);
    map_free(&m);
}

static void test_utf8(void) {
    static const uint32_t all[] = {'a', 0xE9, 0x20AC, 0x1F600};
    char text[UTF8_MAX];
    size_t size;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        size_t n = utf8_encode(all[i], text);
        CHECK(n == i + 1);
        CHECK(utf8_decode(text, n, &size) == all[i] && size == n);
        CHECK(n == 1 || (utf8_decode(text, n - 1, &size) == UTF8_INVALID && size == 1));
    }
    CHECK(utf8_decode("\xC0\x80", 2, &size) == UTF8_INVALID); /* too long for a NUL */
    CHECK(utf8_decode("\xED\xA0\x80", 3, &size) == UTF8_INVALID); /* a surrogate */
    CHECK(utf8_length("na\xC3\xAFve", 6) == 5);
}

static void test_numbers(void) {
    char out[NUMBER_SIZE];
    double d;
    CHECK(number_parse(" 12.5 ", &d) && d == 12.5);
    CHECK(!number_parse("12a", &d) && !number_parse("", &d) && !number_parse("inf", &d));
    CHECK_TEXT(number_format(0.1 + 0.2, out), "0.3");
    CHECK_TEXT(number_format(-0.0, out), "0");
    CHECK(hash_bytes("", 0) == UINT64_C(14695981039346656037));
    CHECK(hash_bytes("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
}

int main(void) {
    test_arena();
    test_strbuf();
    test_map();
    test_utf8();
    test_numbers();
    return check_end("base");
}
