/* SPDX-License-Identifier: Apache-2.0 */
/* To which group each key leads, after stacks have got new ones.
 *
 * A group that had a key goes on where most of that key's events are; so it stays, whatever became
 * of its other events. Who stays decides whose a new key is: the group with most events in it. What
 * nobody stays with goes to the group that it led to before, then to one that shares another key of
 * its stacks, and else is a new group. A group that a person has held together is not torn: all its
 * keys are one, and lead to it before they lead to another.
 *
 * A group that was founded while stacks got their new keys has none of what it would have joined:
 * it comes last, and has only what no older group claims or is linked with.
 *
 * The same rows give the same answer in whichever order they come; and once the events have
 * followed, the answer is that nothing moves. Pure. */
#ifndef CORRAL_WORKERD_REGROUP_ASSIGN_H
#define CORRAL_WORKERD_REGROUP_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"

/* Events of a group whose stacks have one key. */
struct assign_row {
    int64_t group;
    bool held;
    uint32_t key;     /* index of assign_input.keys */
    uint32_t lineage; /* any number: rows of a group with the same one had one key before */
    int64_t events;
    int64_t stack; /* the first of them: new groups are numbered in this order */
};

struct assign_key {
    uint8_t digest[SHA256_SIZE];
    int64_t owner; /* the group that it leads to; 0: none */
};

/* Stacks whose first key is one, and which have the other as well. */
struct assign_link {
    uint32_t key, more;
    int64_t events;
};

struct assign_input {
    const struct assign_row *rows;
    size_t n_rows;
    const struct assign_key *keys;
    size_t n_keys;
    const struct assign_link *links;
    size_t n_links;
    int64_t first_new; /* groups from this number on were founded since stacks have got other keys;
                          0: none were */
};

struct assign_result {
    int64_t *owners; /* of each key: a group, 0 for none, or -n for the n-th new one */
    size_t n_new;
};

void assign_keys(const struct assign_input *in, struct arena *a, struct assign_result *ret);

#endif
