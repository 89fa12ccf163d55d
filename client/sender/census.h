/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the spool, counted: the list that quota.h chooses from. Reads the metadata of every
 * crash, so it is made only when the spool is too large, or from time to time. */
#ifndef CORRAL_CLIENT_SENDER_CENSUS_H
#define CORRAL_CLIENT_SENDER_CENSUS_H

#include "client/spool/quota.h"
#include "client/spool/spool.h"

struct census {
    struct quota_item *items; /* in the arena, as all of it */
    const char **names;       /* crash ids, or names in the folder of modules … */
    size_t n, n_crashes;      /* … behind the crashes */
};

int census_take(const struct spool *s, struct arena *a, struct census *ret);

#endif
