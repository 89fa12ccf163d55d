/* SPDX-License-Identifier: Apache-2.0 */
/* What people did with a group, as a page says it. Pure. */
#ifndef CORRAL_DASHD_WORKFLOW_WORDS_H
#define CORRAL_DASHD_WORKFLOW_WORDS_H

#include "common/base/arena.h"
#include "dashd/queries.h"
#include "dashd/view/html.h"
#include "dashd/workflow/queries.h"

/* Of a resolved or muted group: since when, by whom, and what wakes it. */
const char *rest_words(const struct group_row *g, const struct workflow_state *w, struct arena *a);
/* "resolved it in 2.4.1", "brought it back: 2.5 crashed"; the actor stands before it. */
const char *activity_words(const struct activity_row *row, struct arena *a);
/* A link that somebody gave, which was checked then (wish_parse) and is again. */
struct url link_url(const char *text);
/* The address of a new ticket: {title}, {body} and {url} of the template replaced; text NULL when
 * there is no template. */
struct url tracker_url(const char *template, const char *title, const char *body, const char *url,
                       struct arena *a);

#endif
