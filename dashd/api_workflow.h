/* SPDX-License-Identifier: Apache-2.0 */
/* Changing groups by REST: one (the address says what), or many in one request. */
#ifndef CORRAL_DASHD_API_WORKFLOW_H
#define CORRAL_DASHD_API_WORKFLOW_H

#include "common/base/buf.h"
#include "common/http/request.h"
#include "common/http/response.h"
#include "dashd/templates/templates.h"

/* POST /api/v1/groups/{id}/ACTION: the last segment is the action. */
void api_group_act(struct request *q, struct response *r);
/* POST /api/v1/groups/act: ids, action and what belongs to it; a result for each. */
void api_groups_act(struct request *q, struct response *r);
/* Appends the members that tell who has the group, what ends its rest, what was said. */
void api_add_workflow(struct buf *b, const struct workflow_state *s);

#endif
