/* SPDX-License-Identifier: Apache-2.0 */
/* What would become of groups, for people to read: which are merged and which are split, and by
 * which frames. */
#ifndef CORRAL_WORKERD_REGROUP_FORECAST_H
#define CORRAL_WORKERD_REGROUP_FORECAST_H

#include <stdio.h>

#include "workerd/regroup/census.h"

struct forecast {
    size_t merged, split, made; /* groups */
    int64_t moved;              /* events */
};

/* Prints and counts. The database is only asked for titles and for the frames that counted before.
 * Outcomes of db.h. */
int forecast_print(struct db *d, const struct census *c, const struct assign_result *r,
                   struct arena *a, FILE *out, struct forecast *ret);

#endif
