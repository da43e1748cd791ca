/* wordfreq [FILE]: lists the words of a text, the most frequent first. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/input.h"
#include "base/map.h"
#include "base/utf8.h"

/* Letters, and whatever is not ASCII. */
static int in_word(uint32_t c) { return c >= 0x80 ? c != UTF8_INVALID : isalpha((int)c); }

static void count_words(const struct strbuf *text, struct map *counts) {
    struct strbuf word = {0};
    size_t size;
    for (size_t i = 0; i <= text->len; i += size) {
        uint32_t c = 0;
        size = 1;
        if (i < text->len)
            c = utf8_decode(text->text + i, text->len - i, &size);
        if (i < text->len && in_word(c)) {
            if (c < 0x80)
                strbuf_putc(&word, (char)tolower((int)c));
            else
                strbuf_add(&word, text->text + i, size);
        } else if (word.len > 0) {
            ++*map_at(counts, word.text, word.len);
            strbuf_clear(&word);
        }
    }
    strbuf_free(&word);
}

int main(int argc, char **argv) {
    struct strbuf text = {0};
    struct map counts = {0};
    struct map_entry *sorted;
    die_name("wordfreq");
    if (argc > 2)
        die("usage: wordfreq [FILE]");
    input_read(argc > 1 ? argv[1] : NULL, &text);
    count_words(&text, &counts);
    sorted = map_sorted(&counts);
    for (size_t i = 0; i < counts.count; i++)
        printf("%6.0f %s\n", sorted[i].value, sorted[i].key);
    free(sorted);
    map_free(&counts);
    strbuf_free(&text);
    return 0;
}
