/* SPDX-License-Identifier: Apache-2.0 */
/* The module store in the words of debuginfod(8), so that gdb and other programs can fetch from it
 * by themselves: GET /buildid/ID/executable and /buildid/ID/debuginfo. What a program is made of is
 * not for everybody who may read stacks: it needs MAY_SYMBOLS, and each file that leaves is in the
 * audit log. */
#ifndef CORRAL_DASHD_BUILDID_H
#define CORRAL_DASHD_BUILDID_H

#include "common/http/request.h"
#include "common/http/response.h"

void handle_buildid(struct request *q, struct response *r);

#endif
