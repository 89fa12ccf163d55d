/* SPDX-License-Identifier: Apache-2.0 */
/* Bar charts as SVG, drawn on the server: no script, no style attribute, colours by class and
 * currentColor. The shape is described in words for who can't see it; the numbers stand beside it
 * or in a table that the page gives. Pure. */
#ifndef CORRAL_DASHD_VIEW_CHART_H
#define CORRAL_DASHD_VIEW_CHART_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "dashd/view/html.h"

#define CHART_BARS_MAX 366

/* A row's history: one <path> of n bars, the highest as high as the picture; an empty bar is a line
 * of one pixel. what and unit make the description: "last 24 h: 47 crashes, at most 12 an hour". */
struct markup chart_spark(struct arena *a, const uint32_t *values, size_t n, const char *what,
                          const char *unit);

struct chart_bar {
    uint64_t value;
    const char *label; /* "14:00", shown on pointing at the bar */
    const char *href;  /* where a bar that is not empty leads to, made by us; NULL: nowhere */
};

/* A wide chart that takes the width of its container; every bar carries its label and value as
 * <title>. */
struct markup chart_bars(struct arena *a, const struct chart_bar *bars, size_t n,
                         const char *description);

/* The round number at or above the highest value, at most a third above it, that the scale ends
 * with. At least 1. */
uint64_t chart_scale(uint64_t highest);

#endif
