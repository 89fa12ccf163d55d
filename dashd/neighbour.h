/* SPDX-License-Identifier: Apache-2.0 */
/* The other daemons, asked over HTTP how they are: one GET each time, on a connection of its own,
 * with a deadline. Where they are is configured by the administrator, never taken from a request.
 */
#ifndef CORRAL_DASHD_NEIGHBOUR_H
#define CORRAL_DASHD_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

#define NEIGHBOUR_ANSWER_MAX (512u * 1024)

/* "http://ADDRESS:PORT", "http://[ADDRESS]:PORT" or "unix:/PATH". */
bool neighbour_valid(const char *url);
/* *ret_status and the body appended to ret_body, at most its limit. deadline: of clock_mono.
 * -ETIMEDOUT, -ECONNREFUSED, … ; -EBADMSG when it is no HTTP. */
int neighbour_get(const char *url, const char *path, int64_t deadline, unsigned *ret_status,
                  struct buf *ret_body);

#endif
