/* SPDX-License-Identifier: Apache-2.0 */
/* What people paste into a search field that is no query but a name of something, or the text of a
 * backtrace. Pure. */
#ifndef CORRAL_SEARCH_PASTED_H
#define CORRAL_SEARCH_PASTED_H

#include "common/search/query.h"

#define PASTED_TEXT_MAX  (64u * 1024) /* more is not looked at */
#define PASTED_FUNCTIONS 6 /* of a backtrace, the innermost ones, that are searched for */

enum pasted_kind {
    PASTED_QUERY,       /* none of the others */
    PASTED_EVENT,       /* id: that of an event */
    PASTED_GROUP,       /* id: "g-142" */
    PASTED_FINGERPRINT, /* 64 digits, or the first 12 or more */
    PASTED_BUILD_ID,    /* 32 or 40 digits; a fingerprint that was cut there may be meant */
    PASTED_BACKTRACE,   /* of gdb */
};

struct pasted {
    enum pasted_kind kind;
    const char *id;    /* as the database writes it; NULL of a query and of a backtrace */
    int64_t group;     /* the number of PASTED_GROUP */
    const char *query; /* that finds it */
};

/* Texts of the answer are of the arena. Never fails: what it does not know is a query. */
struct pasted search_pasted(struct str text, struct arena *a);

#endif
