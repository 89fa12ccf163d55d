/* SPDX-License-Identifier: Apache-2.0 */
/* What grouping knows about functions, modules, source files and messages that are nobody's bug:
 * rules, read from text (workerd/grouping/rulefile.h), and the questions that are asked of them. A
 * rule either decides on a frame (cut, skip, …) or tells whose code it is (app, system); both are
 * asked apart. Of each, the first rule in the order of the text wins. Read-only once made. */
#ifndef CORRAL_WORKERD_GROUPING_RULES_H
#define CORRAL_WORKERD_GROUPING_RULES_H

#include <stddef.h>

#include "common/report/analysis.h"
#include "workerd/grouping/kinds.h"
#include "workerd/grouping/patterns.h"

enum rule_action {
    RULE_CUT,  /* never returns to its caller: it and all that it called only report the crash */
    RULE_SKIP, /* stands between the bug and its neighbours: a wrapper, an allocator, a container */
    RULE_WAIT, /* skipped; a thread waits in it, so that a signal handler above it reports no fault
                  of its caller */
    RULE_BOTTOM, /* called the program's first function: it and its callers say nothing */
    RULE_WEAK,   /* every program has one: counts only where nothing better does, and then together
                    with the name of its module */
    RULE_KEEP,   /* the exception from a rule below */
    RULE_TAG,    /* of a message: nothing but the kind */
    RULE_APP,    /* the program's own code */
    RULE_SYSTEM, /* not the program's own code */
    RULE_ACTIONS,
};

enum rule_selector {
    ON_FUNCTION, /* the normalised function (workerd/grouping/normalise.h) */
    ON_MODULE,   /* path or last component of a frame's module */
    ON_NAMELESS, /* the same, of a frame that has no function */
    ON_FILE,     /* the source file's path, as the compiler wrote it */
    ON_MESSAGE,  /* the abort, assertion, exception or panic text */
    RULE_SELECTORS,
};

struct rule {
    const char *name;
    enum rule_action action;
    enum rule_selector selector;
    enum crash_kind kind;
};

enum rule_family { RULES_DECIDE, RULES_OWN, RULE_FAMILIES };

#define RULES_ID_SIZE 17 /* with the NUL */

struct rules {
    const struct rule *rules;
    size_t n;
    char id[RULES_ID_SIZE]; /* of the texts that they are made of, hexadecimal: other rules, other
                               id */
    struct pattern_index index[RULE_SELECTORS][RULE_FAMILIES];
};

/* "cut", "function": as in the text. */
const char *rule_action_name(enum rule_action a);
const char *rule_selector_name(enum rule_selector s);

/* All three: NULL when no rule speaks of it. function is the frame's, normalised, or NULL. */
const struct rule *rules_decide(const struct rules *r, const struct frame *f, const char *function);
const struct rule *rules_own(const struct rules *r, const struct frame *f, const char *function);
const struct rule *rules_message(const struct rules *r, const char *message);

#endif
