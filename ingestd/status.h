/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked about the daemon itself, without a token. */
#ifndef CORRAL_INGESTD_STATUS_H
#define CORRAL_INGESTD_STATUS_H

#include "common/http/server.h"

/* The process answers. */
void status_health(struct request *q, struct response *r);
/* 200 when uploads can be taken: the store is writable and has room, tokens are known. Redis or
 * PostgreSQL being away is "degraded" in the body, for uploads are taken all the same. 503
 * otherwise. */
void status_ready(struct request *q, struct response *r);
void status_metrics(struct request *q, struct response *r);

#endif
