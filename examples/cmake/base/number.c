#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool number_parse(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    if (end == text || !isfinite(*value))
        return false;
    while (isspace((unsigned char)*end))
        end++;
    return *end == '\0';
}

const char *number_format(double value, char out[NUMBER_SIZE]) {
    if (value == 0)
        value = 0; /* never -0 */
    snprintf(out, NUMBER_SIZE, "%.10g", value);
    return out;
}
