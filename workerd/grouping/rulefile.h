/* SPDX-License-Identifier: Apache-2.0 */
/* The text that rules are written in; etc/grouping.rules explains it to people:
 *
 *     NAME ACTION TAG SELECTOR PATTERN...     a rule; a line that begins with a blank has more
 *                                             patterns of the rule above it
 *     off NAME...                             the rules of that name in later texts don't count
 *     # comment                               to the end of the line, at its start or after a blank
 *
 * A pattern with blanks stands in double quotes; `*` in it is any bytes, `\*` a star. TAG is `-`
 * for none. Several texts are read as one, in their order. Pure: bytes in, rules out. */
#ifndef CORRAL_WORKERD_GROUPING_RULEFILE_H
#define CORRAL_WORKERD_GROUPING_RULEFILE_H

#include "common/base/arena.h"
#include "common/base/str.h"
#include "workerd/grouping/rules.h"

#define RULES_TEXT_MAX     (1024u * 1024) /* bytes of one text */
#define RULES_TEXTS_MAX    128
#define RULES_PATTERNS_MAX 20000 /* in all texts together; so there are no more rules */
#define RULE_NAME_MAX      48

struct rules_text {
    const char *name; /* of the file, for mistakes */
    struct str text;
};

struct rules_error {
    const char *file;      /* borrowed from the text that has the mistake */
    unsigned line, column; /* 1-based, the column in bytes; 0 when not of one place */
    char message[192];     /* what is wrong and what would be right */
};

/* The rules live in the arena and borrow nothing of the texts. -EINVAL with *ret_error filled. */
int rules_make(const struct rules_text *texts, size_t n, struct arena *a, struct rules *ret,
               struct rules_error *ret_error);

#endif
