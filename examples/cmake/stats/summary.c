#include "stats/summary.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

double quantile(const double *sorted, size_t count, double part) {
    double at;
    size_t i;
    if (count == 0)
        return 0;
    at = part * (double)(count - 1);
    i = (size_t)at;
    if (i + 1 >= count)
        return sorted[count - 1];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

struct summary summarize(double *values, size_t count) {
    struct summary s = {.count = count};
    double squares = 0;
    if (count == 0)
        return s;
    qsort(values, count, sizeof *values, ascending);
    s.least = values[0];
    s.most = values[count - 1];
    s.median = quantile(values, count, 0.5);
    /* Welford: one pass, and no difference of large numbers. */
    for (size_t i = 0; i < count; i++) {
        double delta = values[i] - s.mean;
        s.mean += delta / (double)(i + 1);
        squares += delta * (values[i] - s.mean);
    }
    s.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    return s;
}
