/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes over time: counters by the hour, gathered into bars of an hour or a day, as a chart and
 * as the table behind it. Pure. */
#ifndef CORRAL_DASHD_TREND_H
#define CORRAL_DASHD_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "dashd/queries.h"
#include "dashd/view/chart.h"

#define TREND_HOUR (3600 * USEC_PER_SEC)
#define TREND_DAY  (24 * TREND_HOUR)

struct trend {
    const char *title;
    struct chart_bar *bars; /* the label is the beginning of the bar's time */
    size_t n;
    uint64_t total, scale;
    struct markup chart;
};

/* The beginning of the first of n bars of the given length, the last of which holds now. */
int64_t trend_since(int64_t now, int64_t length, size_t n);
/* title: "Last 24 hours". Hours outside of the bars are passed over. */
void trend_make(struct arena *a, const char *title, const struct hour_list *hours, int64_t now,
                int64_t length, size_t n, struct trend *ret);
/* The same, each bar with a link: address, which ends in "?" or "&", and the bar's time as from and
 * to in milliseconds. NULL: none. */
void trend_make_linked(struct arena *a, const char *title, const struct hour_list *hours,
                       int64_t now, int64_t length, size_t n, const char *address,
                       struct trend *ret);

#endif
