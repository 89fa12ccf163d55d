/* SPDX-License-Identifier: Apache-2.0 */
/* A wish about one group or many as a request brings it: a form (of a page, or of a program), or a
 * JSON object with the same names. */
#ifndef CORRAL_DASHD_WORKFLOW_FIELDS_H
#define CORRAL_DASHD_WORKFLOW_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/http/request.h"
#include "dashd/workflow/wish.h"

#define FIELDS_GROUPS_MAX 200 /* of one request: as many as a list may show */

struct asked_group {
    const char *name; /* as it came, hostile */
    int64_t id;       /* 0: it is no group's number */
};

struct asked {
    struct group_wish wish;
    int64_t revision;           /* of the group that the caller has seen; REVISION_ANY */
    const char *back;           /* a path of ours to go to afterwards; NULL */
    struct asked_group *groups; /* each once; of a request about many */
    size_t n;
};

struct fields_fault {
    const char *message; /* NULL: nothing is wrong */
    const char *field;   /* which is */
};

/* action: of the address; NULL: the field of this name. *ret is filled when nothing is wrong. */
struct fields_fault fields_read(struct request *q, const char *action, struct asked *ret);

#endif
