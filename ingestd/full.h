/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD and PUT of the full core of a crash that was taken with a slim one, or with none: any number
 * of requests, each of which goes on where the server says that the last one ended. */
#ifndef CORRAL_INGESTD_FULL_H
#define CORRAL_INGESTD_FULL_H

#include "common/http/server.h"

void full_head(struct request *q, struct response *r);
extern const struct body_sink full_sink;

#endif
