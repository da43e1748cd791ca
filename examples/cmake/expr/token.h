#ifndef EXPR_TOKEN_H
#define EXPR_TOKEN_H

#include <stddef.h>

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_SIGN, TOKEN_BAD };

struct token {
    enum token_kind kind;
    char sign;
    double number;
    const char *text; /* in the source */
    size_t len;
};

/* Returns the token at text, after spaces. The next one begins at its text + len. */
struct token token_next(const char *text);

#endif
