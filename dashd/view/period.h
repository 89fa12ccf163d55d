/* SPDX-License-Identifier: Apache-2.0 */
/* The time that a list is about: `from` and `to` of its address, as moment.h reads them. They are
 * written back as they came, so that an address with "now-24h" stays one. Pure. */
#ifndef CORRAL_DASHD_VIEW_PERIOD_H
#define CORRAL_DASHD_VIEW_PERIOD_H

#include <stdint.h>

struct period {
    const char *from_text, *to_text; /* NULL: not given */
    int64_t from, to;                /* usec since the epoch; 0: no bound. to is not in it */
};

/* Texts as they came, NULL or "" when not given. NULL and *ret filled, or what is wrong. */
const char *period_parse(const char *from, const char *to, int64_t now, struct period *ret);

#endif
