#ifndef STATS_SUMMARY_H
#define STATS_SUMMARY_H

#include <stddef.h>

struct summary {
    size_t count;
    double least, most, mean, deviation, median;
};

/* Sorts the values and sums them up. All is 0 if there are none. */
struct summary summarize(double *values, size_t count);

/* Returns the value below which a part (0 to 1) of the sorted values lies, between two of them if need be. */
double quantile(const double *sorted, size_t count, double part);

#endif
