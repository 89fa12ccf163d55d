/* SPDX-License-Identifier: Apache-2.0 */
/* Which groups a list is about, as a condition over crash_groups g: for the list itself and for
 * what is counted over all of it. */
#ifndef CORRAL_DASHD_LISTED_H
#define CORRAL_DASHD_LISTED_H

#include "common/search/where.h"
#include "dashd/view/listing.h"

#define LISTED_OWN  3 /* parameters of status and period, in front of the query's */
#define LISTED_MORE 4 /* that the caller may put behind them */

struct listed {
    const char *text; /* of $1 to $n_params */
    const char *params[LISTED_OWN + SEARCH_PARAMS_MAX + LISTED_MORE];
    size_t n_params;
};

/* Ages are counted back from now. All of it is of the arena. */
void listed_groups(const struct listing *l, int64_t now, struct arena *a, struct listed *ret);

#endif
