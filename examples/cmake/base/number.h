#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a number that takes up all of the text, but for spaces around it. */
bool number_parse(const char *text, double *value);

enum { NUMBER_SIZE = 32 };

/* Writes a number as people do: no exponent, nor zeros at the end, where that can be helped. */
const char *number_format(double value, char out[NUMBER_SIZE]);

#endif
