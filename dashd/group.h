/* SPDX-License-Identifier: Apache-2.0 */
/* What page and API share about groups: reading the query of a list, everything about one group,
 * changing its state. */
#ifndef CORRAL_DASHD_GROUP_H
#define CORRAL_DASHD_GROUP_H

#include "common/http/request.h"
#include "dashd/queries.h"
#include "dashd/templates/templates.h"
#include "dashd/view/listing.h"

/* The list's query as the request has it. */
struct listing_query group_listing_query(struct request *q);
/* The value that the list is ordered by: for cursors. */
int64_t group_sort_key(const struct group_row *g, enum listing_sort s);

/* *id becomes that of the group that this one was merged into, if it was. An outcome of db.h. */
int group_follow(struct request *q, int64_t *id);
/* Fills *ret; group.id is 0 when there is none of this id. An outcome of db.h. */
int group_load(struct request *q, int64_t id, int64_t now, struct group_view *ret);

#endif
