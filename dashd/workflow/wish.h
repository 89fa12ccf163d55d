/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody wants to do with a group, as words of a form, of the API or of a command line:
 * read, checked, and nothing done yet. The actions are one table. Pure. */
#ifndef CORRAL_DASHD_WORKFLOW_WISH_H
#define CORRAL_DASHD_WORKFLOW_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define WISH_VERSION_MAX 128
#define WISH_LABEL_MAX   48
#define WISH_LABELS_MAX  32 /* of a group */
#define WISH_LINKS_MAX   32
#define WISH_COMMENT_MAX (8u * 1024)
#define WISH_URL_MAX     1024
#define WISH_EVENTS_MAX  1000000000
#define WISH_DAYS_MAX    3650

enum wish_action {
    WISH_RESOLVE,
    WISH_REOPEN,
    WISH_MUTE,
    WISH_ASSIGN,
    WISH_LABEL,
    WISH_UNLABEL,
    WISH_COMMENT,
    WISH_LINK,
    WISH_UNLINK,
};

/* When a group that rests wakes without anybody's doing. */
enum wish_version {
    VERSION_ANY,  /* resolved: with any crash; muted: versions say nothing */
    VERSION_NEXT, /* with one of a later version than any so far */
    VERSION_IN,   /* resolved: with one of `version`, or of a later one */
};

struct group_wish {
    enum wish_action action;
    enum wish_version versions;
    const char *version; /* VERSION_IN */
    int64_t until;       /* muted: usec since the epoch; 0: no time ends it */
    int64_t events;      /* muted: so many more crashes end it; 0: none do */
    int64_t hours;       /* … if they come within so many; 0: whenever */
    const char *text;    /* a user's name ("": nobody), a label, a comment, an address */
};

/* As they came; NULL: not given. */
struct wish_fields {
    const char *action;
    const char *in;    /* resolve: "now" (also NULL), "next", a version */
    const char *until; /* mute: "forever" (also NULL), "next", 7d, 2026-12-24, 100, 100/24h */
    const char *to;    /* assign: a name, "me", "nobody" */
    const char *label, *text, *url;
};

/* me: the name that "me" means. NULL and *ret filled, or what is wrong and what would be right. */
const char *wish_parse(const struct wish_fields *f, const char *me, int64_t now, struct arena *a,
                       struct group_wish *ret);

/* The one field that the action of this name reads; "action" when there is no such action. */
const char *wish_field(const char *action);
/* "resolve", "mute". */
const char *wish_action_name(enum wish_action action);
/* "resolved", "muted": the kind of its row in group_activity, and of its audit row behind "group.".
 */
const char *wish_done_name(enum wish_action action);

#endif
