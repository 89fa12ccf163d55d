/* SPDX-License-Identifier: Apache-2.0 */
/* An event or a group as Markdown, to be put into a ticket: what happened, why, where, with which
 * arguments. Pure. */
#ifndef CORRAL_DASHD_SUMMARY_H
#define CORRAL_DASHD_SUMMARY_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "dashd/event.h"
#include "dashd/templates/templates.h"

/* public_url: of the dashboard, ours. */
void summary_event(const struct event_view *e, const char *public_url, struct arena *a,
                   struct buf *out);
void summary_group(const struct group_view *v, const char *public_url, struct arena *a,
                   struct buf *out);

#endif
