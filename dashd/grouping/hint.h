/* SPDX-License-Identifier: Apache-2.0 */
/* Camps: the crashes of a group by what a selector says of them. The detector of corral-workerd
 * leaves them with a group that looks like several bugs (crash_groups.split_hint). Pure. */
#ifndef CORRAL_DASHD_GROUPING_HINT_H
#define CORRAL_DASHD_GROUPING_HINT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "dashd/grouping/selector.h"

#define HINT_CAMPS_MAX 16 /* more are not shown */

struct camp {
    const char *value; /* a function, a module, a signal, a program; "": there is none */
    uint64_t events, stacks;
};

#define HINT_WITNESSES_MAX 8

struct split_hint {
    struct selector selector; /* SELECT_NOTHING: there is no hint */
    struct camp *camps;
    size_t n;
    const char *witnesses[HINT_WITNESSES_MAX]; /* what else differs between camps, in words; ours */
    size_t n_witnesses;
};

/* {"selector": …, "camps": [{"value", "events"}, …], "witnesses": ["message", …]}. text may be
 * NULL; what is no such object is no hint. */
void hint_parse(const char *text, struct arena *a, struct split_hint *ret);

/* As the API has a witness: what is stored, of its words. */
const char *witness_name(const char *words);
/* "the message and the place of the crash"; "" when nothing else differs. */
const char *witness_words(const struct split_hint *h, struct arena *a);

/* A camp's value for people: the signal's name for its number, words for none. */
const char *camp_words(const struct selector *s, const char *value, struct arena *a);

#endif
