/* SPDX-License-Identifier: Apache-2.0 */
/* Why a crash is in its group, in words: what the grouping took it for, which keys lead to the
 * group, and by which algorithm and rules; of each frame, what was decided on it and by what rule.
 * Read from what corral-workerd stored beside the stack. Pure. */
#ifndef CORRAL_DASHD_GROUPING_EXPLANATION_H
#define CORRAL_DASHD_GROUPING_EXPLANATION_H

#include <stdint.h>

#include "common/base/arena.h"
#include "dashd/stack.h"

#define EXPLANATION_KEYS_MAX 5

/* All texts but those said to be ours are hostile. */
struct explanation {
    const char *kind;      /* the tag: "heap-corruption"; NULL: only the signal is known */
    const char *detail;    /* of the kind: an expression, a type; NULL */
    const char *class;     /* "memory"; NULL: not stored */
    const char *message;   /* that the process died with, as it was stored; NULL */
    const char *algorithm; /* "2"; NULL: not grouped yet, or before this was stored */
    const char *rules;     /* id of the rules; NULL */
    const char *key;       /* the key that counts: "symbols", "addresses", "program"; ours */
    const char *more[EXPLANATION_KEYS_MAX]; /* others that lead to the group, likewise */
    size_t n_more;
};

/* As the columns of stacks are; any text may be NULL. s may be empty. */
struct stack_columns {
    const char *facts, *grouped;
};
void explanation_make(const struct stack_columns *c, const struct stack_view *s, struct arena *a,
                      struct explanation *ret);

/* "functions", "addresses", …: of explanation.key, for people. */
const char *explanation_key_words(const char *key);
/* "their build-ids and offsets and the place that the message names": the others; "" for none. */
const char *explanation_more_words(const struct explanation *e, struct arena *a);

/* What is said of a frame: "kept", "skipped by no-name"; NULL where there is no verdict. */
const char *verdict_words(const struct frame_view *f, struct arena *a);
/* What that means, in a sentence, with what is known of the rule. */
const char *verdict_meaning(const struct frame_view *f, struct arena *a);

/* The words of all verdicts, for a legend. */
struct verdict_word {
    const char *verdict; /* as stored */
    const char *words;   /* as shown; a rule's name may follow */
    const char *meaning;
    bool has_rule;
};
extern const struct verdict_word verdict_table[];
extern const size_t verdict_table_n;

#endif
