/* Messages of programs that cannot go on. */
#ifndef BASE_DIE_H
#define BASE_DIE_H

#if defined(__GNUC__)
#define DIE_PRINTF __attribute__((format(printf, 1, 2), noreturn))
#else
#define DIE_PRINTF
#endif

/* The name in front of messages. */
void die_name(const char *program);

/* Prints a message to standard error and exits with 1. */
void die(const char *format, ...) DIE_PRINTF;

#endif
