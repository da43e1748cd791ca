#ifndef EXPR_UNITS_H
#define EXPR_UNITS_H

#include <stddef.h>

struct unit {
    const char *name;
    double factor; /* how many of the dimension's own unit it is */
    const char *dimension;
};

/* All units by name. See units.txt. */
extern const struct unit units[];
extern const size_t units_count;

#endif
