/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is told about a crash that was taken: its id, and what else the server would like
 * to have of it. */
#ifndef CORRAL_INGESTD_ANSWER_H
#define CORRAL_INGESTD_ANSWER_H

#include "common/http/server.h"
#include "common/report/meta.h"

/* {"crash_id","want":{"modules":[build-id…],"core"}}, and Location where dashboard_url is set. */
enum answer_status { ANSWER_REPEATED = 200, ANSWER_ACCEPTED = 202 };
void answer_taken(struct request *q, struct response *r, enum answer_status status,
                  const struct crash_meta *m);

#endif
