/* SPDX-License-Identifier: Apache-2.0 */
/* Coordinates are whole units of the viewBox, so that the same numbers give the same bytes
 * everywhere. */
#include "dashd/view/chart.h"

#include <assert.h>
#include <inttypes.h>

#include "common/base/cleanup.h"
#include "dashd/view/format.h"

enum { SPARK_HEIGHT = 20, SPARK_STEP = 4, SPARK_BAR = 3 };
enum { BARS_HEIGHT = 100, BARS_STEP = 20, BARS_BAR = 16 };

static uint64_t share(uint64_t value, uint64_t of, uint64_t height)
{
    return of ? (uint64_t)((double)value / (double)of * (double)height + 0.5) : 0;
}

uint64_t chart_scale(uint64_t highest)
{
    static const unsigned steps[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};

    if (highest < 10)
        return highest ? highest : 1;
    for (uint64_t unit = 1; unit < UINT64_MAX / 1000; unit *= 10)
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
            if (highest <= steps[i] * unit)
                return steps[i] * unit;
    return highest;
}

static struct markup taken(struct arena *a, struct buf *b)
{
    struct markup m = {arena_strdup(a, buf_text(b))};

    assert(buf_error(b) == 0);
    buf_fini(b);
    return m;
}

static void describe(struct buf *b, const uint32_t *values, size_t n, const char *what,
                     const char *unit)
{
    uint64_t sum = 0, highest = 0;
    char total[FORMAT_SIZE], peak[FORMAT_SIZE];

    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        highest = values[i] > highest ? values[i] : highest;
    }
    format_count(sum, total);
    format_count(highest, peak);
    html_put_text(b, what);
    buf_printf(b, ": %s %s, at most %s ", total, sum == 1 ? "crash" : "crashes", peak);
    html_put_text(b, unit);
}

/* One subpath a bar, from its foot: up, right, down; filled. */
static void spark_path(struct buf *b, const uint32_t *values, size_t n)
{
    uint32_t highest = 0;

    for (size_t i = 0; i < n; i++)
        highest = values[i] > highest ? values[i] : highest;
    for (size_t i = 0; i < n; i++) {
        uint64_t h = share(values[i], highest, SPARK_HEIGHT);

        buf_printf(b, "M%zu %dv-%" PRIu64 "h%dV%d", i * SPARK_STEP, SPARK_HEIGHT, h ? h : 1,
                   SPARK_BAR, SPARK_HEIGHT);
    }
}

struct markup chart_spark(struct arena *a, const uint32_t *values, size_t n, const char *what,
                          const char *unit)
{
    struct buf b;

    assert(n <= CHART_BARS_MAX);
    buf_init(&b, 64 * 1024);
    buf_printf(&b, "<svg class=\"spark\" viewBox=\"0 0 %zu %d\" role=\"img\" aria-label=\"",
               n * SPARK_STEP, SPARK_HEIGHT);
    describe(&b, values, n, what, unit);
    buf_adds(&b, "\"><path d=\"");
    spark_path(&b, values, n);
    buf_adds(&b, "\"/></svg>");
    return taken(a, &b);
}

static void bar(struct buf *b, size_t i, const struct chart_bar *c, uint64_t scale)
{
    uint64_t h = share(c->value, scale, BARS_HEIGHT);
    char value[FORMAT_SIZE];

    if (h == 0 && c->value > 0)
        h = 1;
    format_count(c->value, value);
    if (c->href && c->value) {
        buf_adds(b, "<a href=\"");
        html_put_text(b, c->href);
        buf_adds(b, "\" aria-label=\"");
        html_put_text(b, c->label);
        buf_printf(b, ": %s\">", value);
    }
    /* An invisible bar of full height carries the title, so that an empty hour can be pointed at,
     * too. */
    buf_adds(b, "<g><title>");
    html_put_text(b, c->label);
    buf_printf(b, ": %s</title><path class=\"hit\" d=\"M%zu 0h%dv%dh-%dz\"/>", value, i * BARS_STEP,
               BARS_STEP, BARS_HEIGHT, BARS_STEP);
    if (h > 0)
        buf_printf(b, "<path d=\"M%zu %dv-%" PRIu64 "h%dV%dz\"/>", i * BARS_STEP + 2, BARS_HEIGHT,
                   h, BARS_BAR, BARS_HEIGHT);
    buf_adds(b, c->href && c->value ? "</g></a>" : "</g>");
}

/* What holds links is no picture to a screen reader. */
static bool linked(const struct chart_bar *bars, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bars[i].href && bars[i].value)
            return true;
    return false;
}

struct markup chart_bars(struct arena *a, const struct chart_bar *bars, size_t n,
                         const char *description)
{
    uint64_t highest = 0, scale;
    struct buf b;

    assert(n > 0 && n <= CHART_BARS_MAX);
    for (size_t i = 0; i < n; i++)
        highest = bars[i].value > highest ? bars[i].value : highest;
    scale = chart_scale(highest);
    buf_init(&b, 512 * 1024);
    buf_printf(&b,
               "<svg class=\"bars\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"%s\""
               " aria-label=\"",
               n * BARS_STEP, BARS_HEIGHT, linked(bars, n) ? "group" : "img");
    html_put_text(&b, description);
    buf_adds(&b, "\">");
    for (size_t i = 0; i < n; i++)
        bar(&b, i, &bars[i], scale);
    buf_adds(&b, "</svg>");
    return taken(a, &b);
}
