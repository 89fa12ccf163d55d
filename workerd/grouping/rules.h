/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of frames.def and the look-ups in them. Pure; the tables are constant. */
#ifndef CORRAL_WORKERD_GROUPING_RULES_H
#define CORRAL_WORKERD_GROUPING_RULES_H

#include <stdbool.h>

/* The kind of a crash, by rising authority: when several frames and the message disagree, the last
 * one in this list is right. */
enum crash_kind {
    CRASH_NONE, /* only its signal is known */
    CRASH_HEAP,
    CRASH_STACK_OVERFLOW,
    CRASH_FORTIFY,
    CRASH_STACK_SMASH,
    CRASH_EXCEPTION,
    CRASH_PURE_VIRTUAL,
    CRASH_PANIC,
    CRASH_ASSERTION,
    CRASH_SANITIZER,
};

enum rule_action {
    RULE_CUT,
    RULE_SKIP,
    RULE_BOTTOM,
    RULE_WEAK,
    RULE_KEEP,
};

struct rule {
    const char *name;
    enum rule_action action;
    enum crash_kind kind;
    const char *pattern;
};

/* NULL when no row speaks of it. */
const struct rule *rule_for_function(const char *normalised);
const struct rule *rule_for_module(const char *name);
const struct rule *rule_for_message(const char *message);

/* "heap-corruption"; NULL for CRASH_NONE. */
const char *crash_kind_tag(enum crash_kind k);
/* As a title begins: "heap corruption"; NULL for CRASH_NONE. */
const char *crash_kind_words(enum crash_kind k);

/* True when the pattern, in which `*` stands for any bytes, is the whole text. At most length of
 * pattern times length of text steps, and linear with a single star. */
bool rule_matches(const char *pattern, const char *text);

#endif
