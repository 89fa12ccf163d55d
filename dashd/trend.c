/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/trend.h"

#include "dashd/view/format.h"

int64_t trend_since(int64_t now, int64_t length, size_t n)
{
    return now - now % length - (int64_t)(n - 1) * length;
}

/* "14:00" of an hour, "21 Nov" of a day. */
static const char *label(struct arena *a, int64_t at, int64_t length)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[CLOCK_TEXT_SIZE];
    unsigned month;

    clock_format(at, text);
    if (length < TREND_DAY)
        return arena_printf(a, "%.5s", text + 11);
    month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
    return arena_printf(a, "%.2s %s", text + 8, months[(month - 1) % 12]);
}

static const char *link_of(struct arena *a, const char *address, int64_t from, int64_t length)
{
    if (!address)
        return NULL;
    return arena_printf(a, "%sfrom=%lld&to=%lld", address, (long long)(from / USEC_PER_MSEC),
                        (long long)((from + length) / USEC_PER_MSEC));
}

void trend_make(struct arena *a, const char *title, const struct hour_list *hours, int64_t now,
                int64_t length, size_t n, struct trend *ret)
{
    trend_make_linked(a, title, hours, now, length, n, NULL, ret);
}

void trend_make_linked(struct arena *a, const char *title, const struct hour_list *hours,
                       int64_t now, int64_t length, size_t n, const char *address,
                       struct trend *ret)
{
    int64_t since = trend_since(now, length, n);
    char total[FORMAT_SIZE];
    uint64_t highest = 0;

    *ret = (struct trend){.title = title, .bars = arena_array(a, struct chart_bar, n), .n = n};
    for (size_t i = 0; i < n; i++) {
        ret->bars[i].label = label(a, since + (int64_t)i * length, length);
        ret->bars[i].href = link_of(a, address, since + (int64_t)i * length, length);
    }
    for (size_t i = 0; i < hours->n; i++) {
        int64_t bar = (hours->rows[i].hour - since) / length;

        if (hours->rows[i].hour < since || bar >= (int64_t)n)
            continue;
        ret->bars[bar].value += hours->rows[i].events;
        ret->total += hours->rows[i].events;
    }
    for (size_t i = 0; i < n; i++)
        highest = ret->bars[i].value > highest ? ret->bars[i].value : highest;
    ret->scale = chart_scale(highest);
    format_count(ret->total, total);
    ret->chart = chart_bars(
        a, ret->bars, n,
        arena_printf(a, "%s: %s %s", title, total, ret->total == 1 ? "crash" : "crashes"));
}
