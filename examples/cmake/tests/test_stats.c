#include <math.h>

#include "config.h"
#include "stats/histogram.h"
#include "stats/summary.h"
#include "tests/check.h"

static int near(double a, double b) { return fabs(a - b) < 1e-9; }

int main(void) {
    double values[] = {4, 1, 3, 2, 10};
    double large[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    struct strbuf out = {0};
    struct histogram h;
    struct summary s = summarize(values, 5);
    CHECK(s.count == 5 && s.least == 1 && s.most == 10 && s.median == 3);
    CHECK(near(s.mean, 4) && near(s.deviation, sqrt(12.5)));
    CHECK(values[0] == 1 && values[4] == 10);
    CHECK(near(quantile(values, 5, 0.25), 2) && near(quantile(values, 5, 0.9), 7.6) && quantile(values, 5, 1) == 10);
    s = summarize(large, 3);
    CHECK(near(s.deviation, 1));
    s = summarize(values, 0);
    CHECK(s.count == 0 && s.mean == 0);
    s = summarize(values, 1);
    CHECK(s.deviation == 0 && s.median == 1);

    h = histogram_of(values, 5);
    CHECK(h.counts[0] == 2 && h.counts[1] == 2 && h.counts[2] == 0 && h.counts[4] == 1);
    histogram_draw(&h, &out);
    CHECK(strncmp(out.text, "         1 |##", 14) == 0);
    CHECK(strspn(out.text + 12, "#") == TABULA_BAR_WIDTH);
    strbuf_free(&out);
    return check_end("stats");
}
