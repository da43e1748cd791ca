#include "expr/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct token token_next(const char *text) {
    struct token t = {.kind = TOKEN_END, .len = 0};
    while (isspace((unsigned char)*text))
        text++;
    t.text = text;
    if (*text == '\0')
        return t;
    t.len = 1;
    if (isdigit((unsigned char)*text) || *text == '.') {
        char *end;
        t.number = strtod(text, &end);
        t.kind = end > text ? TOKEN_NUMBER : TOKEN_BAD;
        t.len = end > text ? (size_t)(end - text) : 1;
    } else if (isalpha((unsigned char)*text)) {
        t.kind = TOKEN_NAME;
        while (isalnum((unsigned char)text[t.len]))
            t.len++;
    } else if (strchr("+-*/^()", *text) != NULL) {
        t.kind = TOKEN_SIGN;
        t.sign = *text;
    } else {
        t.kind = TOKEN_BAD;
    }
    return t;
}
