/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/listed.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"
#include "dashd/rows.h"

#define HOUR (3600 * USEC_PER_SEC)
#define EVER INT64_C(253402300799000000) /* the end of the year 9999 */

static const char *text_of(struct arena *a, int64_t n)
{
    return arena_printf(a, "%" PRId64, n);
}

/* Crashes are counted by the hour, so an hour that the period begins or ends in is in it. */
void listed_groups(const struct listing *l, int64_t now, struct arena *a, struct listed *ret)
{
    bool bounded = l->period.from || l->period.to;
    struct listed listed = {.params = {l->status->postgres}};
    struct search_where w;

    listed.params[1] = bounded ? text_of(a, l->period.from - l->period.from % HOUR) : NULL;
    listed.params[2] = text_of(a, l->period.to ? l->period.to : EVER);
    search_where(&l->query, SEARCH_GROUPS, LISTED_OWN + 1, now, a, &w);
    memcpy(&listed.params[LISTED_OWN], w.params, w.n_params * sizeof(w.params[0]));
    listed.n_params = LISTED_OWN + w.n_params;
    listed.text = arena_printf(a,
                               "g.status = ANY ($1::text[]) AND ($2::bigint IS NULL OR g.id IN ("
                               "SELECT t.group_id FROM group_hours t WHERE t.hour >= " TIME(
                                   "$2") " AND t.hour < " TIME("$3") " AND t.events > 0)) AND %s",
                               w.text);
    *ret = listed;
}
