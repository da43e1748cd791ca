#ifndef STATS_HISTOGRAM_H
#define STATS_HISTOGRAM_H

#include "base/strbuf.h"

enum { HISTOGRAM_BINS = 5 };

struct histogram {
    double from, width;
    size_t counts[HISTOGRAM_BINS];
};

struct histogram histogram_of(const double *values, size_t count);

/* Appends a line for each bin: where it begins, and a bar. */
void histogram_draw(const struct histogram *h, struct strbuf *out);

#endif
