/* SPDX-License-Identifier: Apache-2.0 */
/* How groups came to be and what people decide about them, as JSON; dashd/api.h has the
 * conventions. What is asked for is answered 202 with the request, which can be asked for again
 * until it is done. */
#ifndef CORRAL_DASHD_API_GROUPING_H
#define CORRAL_DASHD_API_GROUPING_H

#include "common/http/request.h"
#include "common/http/response.h"
#include "dashd/templates/templates.h"
#include "dashd/view/listing.h"

void api_merge_preview(struct request *q, struct response *r);
void api_merge(struct request *q, struct response *r);
void api_split_preview(struct request *q, struct response *r);
void api_split(struct request *q, struct response *r);
void api_remove(struct request *q, struct response *r);
void api_one_bug(struct request *q, struct response *r);
void api_undo(struct request *q, struct response *r);
void api_reprocess(struct request *q, struct response *r);
void api_reprocess_query(struct request *q, struct response *r);
void api_grouping_request(struct request *q, struct response *r);

/* Members of an object that is being written. */
void api_add_explanation(struct buf *b, const struct explanation *e);
void api_add_grouping(struct buf *b, const struct group_view *v);

/* --- Shared with api.c, which has them --- */
/* 400 about the parameter of a list that listing_parse finds wrong. */
void api_wrong_listing(struct request *q, struct response *r, const struct listing_query *asked,
                       const char *wrong);
void api_send(struct response *r);
void api_add_time(struct buf *b, const char *key, int64_t at);
/* The members of an event in lists. */
void api_add_event(struct buf *b, struct request *q, const struct event_row *e);
void api_add_group_id(struct buf *b, const char *key, int64_t id);
void api_add_group(struct buf *b, struct request *q, const struct group_row *g);

#endif
