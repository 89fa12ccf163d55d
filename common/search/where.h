/* SPDX-License-Identifier: Apache-2.0 */
/* A query as a condition in SQL over the schema in sql/. What was asked for stands in parameters,
 * never in the text, which is put together of constants alone. Pure. */
#ifndef CORRAL_SEARCH_WHERE_H
#define CORRAL_SEARCH_WHERE_H

#include "common/search/query.h"

#define SEARCH_PARAMS_MAX (2 * SEARCH_VALUES_MAX) /* of a day, begin and end, for one value */
#define SEARCH_WHERE_MAX  (64u * 1024)

/* The table that rows are chosen of, and what the condition calls it.
 *
 * Of a group, each term holds when one of its crashes is like that; !term when none is. Of an
 * event, it holds for the event itself, or for its group where only that can tell. */
enum search_subject {
    SEARCH_GROUPS, /* crash_groups g; those that were merged into another are left out */
    SEARCH_EVENTS, /* crash_events e */
};

struct search_where {
    const char *text; /* "(…) AND (…)"; "TRUE" */
    const char *params[SEARCH_PARAMS_MAX];
    size_t n_params;
};

/* The first parameter is $first; ages are counted back from now (usec). Texts are of the arena. */
void search_where(const struct search_query *q, enum search_subject subject, unsigned first,
                  int64_t now, struct arena *a, struct search_where *ret);

/* The terms of a query about events that an event can only meet if its group does: what is cheap to
 * ask of groups leaves few events to look at. Terms are shared with q. */
void search_of_groups(const struct search_query *q, struct search_query *ret);

#endif
