/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes without a stack have no key in the database that would lead them back when a merge is
 * undone. A decision to merge remembers which ones the group had, as far as they are not too many;
 * what came since stays where it is. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_REGROUP_STACKLESS_H
#define CORRAL_WORKERD_REGROUP_STACKLESS_H

#include <stdint.h>

#include "common/store/db.h"

#define STACKLESS_MAX "1000" /* the latest ones are remembered */

/* For the detail of a decision: crashes of the group that the expression names. What only counts
 * crashes is left out, for nothing tells how its part would be moved. */
#define STACKLESS_OF(group)                                                                        \
    "(SELECT coalesce(jsonb_agg(x.crash_id), '[]') FROM (SELECT e.crash_id FROM crash_events e "   \
    "  WHERE e.group_id = " group " AND e.stack_id IS NULL AND e.flags & 8 = 0 "                   \
    "  ORDER BY e.received_at DESC LIMIT " STACKLESS_MAX ") AS x)"

/* In the transaction that undoes the decision, which has both groups locked: they go from one to
 * the other. *ret_left: how many of the first group's nobody can tell from them. */
int stackless_return(struct db *d, int64_t decision, int64_t from, int64_t to, int64_t *ret_left);

#endif
