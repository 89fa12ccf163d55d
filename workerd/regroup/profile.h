/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as the detector of groups of several bugs sees it: what its row says of the frames that
 * did not count, and of how the process died. Pure. */
#ifndef CORRAL_WORKERD_REGROUP_PROFILE_H
#define CORRAL_WORKERD_REGROUP_PROFILE_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "workerd/splits.h"

struct profile {
    int64_t events;
    int64_t signal;
    const char *executable;              /* without folder and version; "" */
    const char *behind[SPLIT_FRAME_MAX]; /* frames behind the kept ones, innermost first: function,
                                            or module */
    unsigned n_behind;
    /* NULL: unknown, which is like anything. */
    const char *kind;    /* "heap-corruption" */
    const char *message; /* without numbers, names and paths */
    const char *module;  /* of the innermost frame that counts */
    const char *file;    /* of it, without folders */
    const char *build_id;
    const char *line;   /* of it, with its file */
    const char *offset; /* of it, where the line is not known */
};

/* From the columns of stacks (the frames as stored, with their verdicts; others than those that are
 * kept or beyond the depth may be left out). ret->events is the caller's. -EBADMSG. */
int profile_read(struct str frames, struct str facts, struct str judged, struct arena *a,
                 struct profile *ret);

/* As selector_value() says of the stack: "" when there is none. */
const char *profile_value(const struct profile *p, const struct selector *s, struct arena *a);

#endif
