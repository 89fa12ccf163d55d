/* SPDX-License-Identifier: Apache-2.0 */
/* The REST interface of the dashboard: the pages' data as JSON, from the same queries. Groups are
 * named G-142, addresses and build-ids are hexadecimal texts, times are RFC 3339 in UTC; a member
 * that is not known is left out. docs/protocol.md describes it. */
#ifndef CORRAL_DASHD_API_H
#define CORRAL_DASHD_API_H

#include "common/http/request.h"
#include "common/http/response.h"

/* static/openapi.json: what all of this looks like, for programs. */
void api_openapi(struct request *q, struct response *r);
void api_groups(struct request *q, struct response *r);
/* Groups that are new or came back (Atom). */
void handle_feed(struct request *q, struct response *r);
void api_group(struct request *q, struct response *r);
void api_events(struct request *q, struct response *r);
void api_event(struct request *q, struct response *r);
void api_symbols_missing(struct request *q, struct response *r);
/* analysis.json as it is stored, however large. */
void api_event_analysis(struct request *q, struct response *r);

#endif
