/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/clock.h"

/* Upper bounds of the histogram buckets: from the half millisecond of a queued upload to the minute
 * of a job's limit. */
static const struct {
    int64_t usec;
    const char *text;
} buckets[] = {
    {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},
    {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}, {60000000, "60"},
};
#define BUCKETS (sizeof(buckets) / sizeof(buckets[0]))

/* A histogram uses all of them, the last bucket being +Inf; the others use value alone. */
struct cell {
    _Atomic int64_t value; /* histogram: sum in usec */
    _Atomic uint64_t bucket[BUCKETS + 1];
};

struct metrics {
    const struct metric *table;
    size_t n;
    struct cell *cells; /* shared with the children */
};

struct metrics *metrics_new(const struct metric *table, size_t n)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (!m)
        abort();
    m->table = table;
    m->n = n;
    m->cells = mmap(NULL, n * sizeof(struct cell), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m->cells == MAP_FAILED)
        abort();
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    munmap(m->cells, m->n * sizeof(struct cell));
    free(m);
}

void metrics_add(struct metrics *m, size_t index, uint64_t n)
{
    assert(index < m->n);
    atomic_fetch_add_explicit(&m->cells[index].value, (int64_t)n, memory_order_relaxed);
}

void metrics_set(struct metrics *m, size_t index, int64_t value)
{
    assert(index < m->n);
    atomic_store_explicit(&m->cells[index].value, value, memory_order_relaxed);
}

int64_t metrics_get(struct metrics *m, size_t index)
{
    assert(index < m->n);
    return atomic_load_explicit(&m->cells[index].value, memory_order_relaxed);
}

void metrics_observe(struct metrics *m, size_t index, int64_t usec)
{
    size_t i = 0;

    assert(index < m->n && m->table[index].type == METRIC_HISTOGRAM);
    while (i < BUCKETS && usec > buckets[i].usec)
        i++;
    atomic_fetch_add_explicit(&m->cells[index].bucket[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->cells[index].value, usec, memory_order_relaxed);
}

static void print_header(const struct metric *t, struct buf *b)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", t->name, t->help ? t->help : "", t->name,
               types[t->type]);
}

static void print_histogram(const struct metric *t, struct cell *c, struct buf *b)
{
    const char *labels = t->labels ? t->labels : "", *comma = t->labels ? "," : "";
    int64_t sum = atomic_load_explicit(&c->value, memory_order_relaxed);
    uint64_t count = 0;

    for (size_t i = 0; i <= BUCKETS; i++) {
        count += atomic_load_explicit(&c->bucket[i], memory_order_relaxed);
        buf_printf(b, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", t->name, labels, comma,
                   i < BUCKETS ? buckets[i].text : "+Inf", count);
    }
    buf_printf(b, "%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", t->name, t->labels ? "{" : "", labels,
               t->labels ? "}" : "", sum / USEC_PER_SEC, sum % USEC_PER_SEC);
    buf_printf(b, "%s_count%s%s%s %" PRIu64 "\n", t->name, t->labels ? "{" : "", labels,
               t->labels ? "}" : "", count);
}

static void print_value(const struct metric *t, struct cell *c, struct buf *b)
{
    int64_t value = atomic_load_explicit(&c->value, memory_order_relaxed);

    buf_printf(b, "%s%s%s%s %" PRId64 "\n", t->name, t->labels ? "{" : "",
               t->labels ? t->labels : "", t->labels ? "}" : "", value);
}

void metrics_print(struct metrics *m, struct buf *b)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct metric *t = &m->table[i];

        if (i == 0 || strcmp(t->name, m->table[i - 1].name) != 0)
            print_header(t, b);
        if (t->type == METRIC_HISTOGRAM)
            print_histogram(t, &m->cells[i], b);
        else
            print_value(t, &m->cells[i], b);
    }
}
