/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this folder: every reason to refuse a request by its head alone, in this order:
 * framing, address, route, the program's own `before`, the length of the body, the sink's begin. */
#ifndef CORRAL_HTTP_ADMISSION_H
#define CORRAL_HTTP_ADMISSION_H

struct request;

/* 0: the route is set and, if it streams, the sink is open. EXCHANGE_REFUSED: the response is
 * filled in; q->close tells that the framing can't be trusted. */
int admission_check(struct request *q, const char *method, const char *version);
/* Fills in 413; for the body that turns out too large on its way. */
int admission_too_large(struct request *q);

#endif
