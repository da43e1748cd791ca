/* The least that a test needs. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <string.h>

static int checks, failures;

#define CHECK(condition)                                                             \
    do {                                                                             \
        checks++;                                                                    \
        if (!(condition)) {                                                          \
            failures++;                                                              \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);           \
        }                                                                            \
    } while (0)

#define CHECK_TEXT(got, want)                                                        \
    do {                                                                             \
        const char *got_ = (got), *want_ = (want);                                   \
        checks++;                                                                    \
        if (got_ == NULL || strcmp(got_, want_) != 0) {                              \
            failures++;                                                              \
            printf("%s:%d: %s, not %s\n", __FILE__, __LINE__, got_ ? got_ : "NULL", want_); \
        }                                                                            \
    } while (0)

/* Prints the result and returns the exit code. */
static inline int check_end(const char *name) {
    printf("%s: %d checks, %d failed\n", name, checks, failures);
    return failures > 0;
}

#endif
