/* SPDX-License-Identifier: Apache-2.0 */
/* A wish becomes a change: one transaction that locks the group, changes it, tells it in the
 * group's activity and in the audit log. Page, API and bulk actions all come through here. */
#ifndef CORRAL_DASHD_WORKFLOW_CHANGE_H
#define CORRAL_DASHD_WORKFLOW_CHANGE_H

#include "common/http/request.h"
#include "dashd/workflow/wish.h"

enum change_result {
    CHANGE_DONE,
    CHANGE_UNCHANGED, /* it was so already, which is fine */
    CHANGE_NO_GROUP,
    CHANGE_STALE,   /* somebody else has changed the group since the caller looked */
    CHANGE_REFUSED, /* problem says why, and what would be right */
};

struct change {
    enum change_result result;
    const char *problem; /* unless done or unchanged; ours, not hostile */
    int64_t group;       /* that was changed: the one that id leads to; 0: none */
};

#define REVISION_ANY (-1)

/* id may be of a group that was merged. An outcome of db.h. */
int change_group(struct request *q, int64_t id, const struct group_wish *w, int64_t revision,
                 struct change *ret);

#endif
