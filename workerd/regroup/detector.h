/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a group holds several bugs, as far as its stacks tell, and what would tell them apart.
 *
 * That callers differ says little: a function may be reached by many ways with one bug in it. What
 * says much is when something that the ways do not explain differs with them: the kind of crash or
 * its message, the line where it crashed in one build, the module that has the function. So a
 * selector is found good when its camps (the stacks by what it says of them) have hardly a frame
 * further out in common, and when enough pairs of camps are told apart by one witness: within both
 * camps it mostly agrees, between them it hardly ever does. Pairs of stacks are counted, and not
 * values, so that what differs in every crash, or in none, says nothing.
 *
 * Pure. docs/grouping.md has the figures. */
#ifndef CORRAL_WORKERD_REGROUP_DETECTOR_H
#define CORRAL_WORKERD_REGROUP_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "workerd/regroup/profile.h"

#define DETECTOR_STACKS_MAX 256 /* of a group that are asked for, those with most events */
#define DETECTOR_FRAMES     8   /* behind the kept ones that are tried */
#define HINT_CAMPS_MAX      100 /* workers make no more groups of one */
#define HINT_JSON_MAX       (256u * 1024)

enum witness { WITNESS_KIND, WITNESS_MESSAGE, WITNESS_PLACE, WITNESS_MODULE, WITNESS_COUNT };

struct hint_camp {
    const char *value;
    int64_t events, stacks;
};

struct split_hint {
    bool any;
    struct selector selector;
    struct hint_camp *camps; /* most events first */
    size_t n;
    bool witnesses[WITNESS_COUNT]; /* what else differs between camps */
};

/* What people have said of the group. */
struct hint_past {
    const struct selector *decided; /* by which it was split; not to be proposed again */
    size_t n_decided;
    const struct split_hint *dismissed; /* none is given while its camps are the same; NULL */
};

/* profiles: most events first; past may be NULL. Texts are borrowed from profiles. */
void detector_look(const struct profile *profiles, size_t n, const struct hint_past *past,
                   struct arena *a, struct split_hint *ret);

/* crash_groups.split_hint: {"selector": {"frame": 1}, "camps": [{"value", "events", "stacks"}, …],
 * "witnesses": ["message", …]}. */
void hint_format(const struct split_hint *h, struct buf *b);
/* none for what is no such object, and for NULL. */
void hint_parse(const char *json, struct arena *a, struct split_hint *ret);

#endif
