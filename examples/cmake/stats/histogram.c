#include "stats/histogram.h"

#include <stdio.h>

#include "base/number.h"
#include "config.h"

struct histogram histogram_of(const double *values, size_t count) {
    struct histogram h = {0};
    double most;
    if (count == 0)
        return h;
    h.from = most = values[0];
    for (size_t i = 1; i < count; i++) {
        h.from = values[i] < h.from ? values[i] : h.from;
        most = values[i] > most ? values[i] : most;
    }
    h.width = (most - h.from) / HISTOGRAM_BINS;
    for (size_t i = 0; i < count; i++) {
        size_t bin = h.width > 0 ? (size_t)((values[i] - h.from) / h.width) : 0;
        h.counts[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
    }
    return h;
}

void histogram_draw(const struct histogram *h, struct strbuf *out) {
    size_t most = 1;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++)
        most = h->counts[i] > most ? h->counts[i] : most;
    for (size_t i = 0; i < HISTOGRAM_BINS; i++) {
        char digits[NUMBER_SIZE], line[NUMBER_SIZE + 16];
        snprintf(line, sizeof line, "  %8s |", number_format(h->from + h->width * (double)i, digits));
        strbuf_puts(out, line);
        for (size_t n = h->counts[i] * TABULA_BAR_WIDTH / most; n > 0; n--)
            strbuf_putc(out, '#');
        strbuf_putc(out, '\n');
    }
}
