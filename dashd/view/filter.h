/* SPDX-License-Identifier: Apache-2.0 */
/* What a plain list shows: the rows that contain a text, from a row on. Read from a request's query
 * and written back into links, like a listing (listing.h), which has more. Pure. */
#ifndef CORRAL_DASHD_VIEW_FILTER_H
#define CORRAL_DASHD_VIEW_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"

#define FILTER_PAGE     50
#define FILTER_TEXT_MAX 200 /* bytes */

struct filter {
    const char *text; /* "" for none; valid UTF-8 */
    bool has_after;
    int64_t after_key, after_id; /* of the last row of the page before */
};

/* The query's values as they came, NULL when not given. NULL and *ret filled, or what is wrong in
 * words. */
const char *filter_parse(const char *text, const char *cursor, struct arena *a, struct filter *ret);
/* "?q=…", "" without a text; the same from the next page on. */
const char *filter_address(const struct filter *f, struct arena *a);
const char *filter_after(const struct filter *f, struct arena *a, int64_t key, int64_t id);
/* A text as one value of an address, or one segment of a path. */
const char *filter_percent(struct arena *a, const char *text);

#endif
