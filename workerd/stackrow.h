/* SPDX-License-Identifier: Apache-2.0 */
/* A row of stacks: all that grouping looks at (frames, and facts beside them), and what lists and
 * searches want of it. The same frames and facts are the same row, and give the same keys: nothing
 * has to be unwound to group a stack anew. Pure. */
#ifndef CORRAL_WORKERD_STACKROW_H
#define CORRAL_WORKERD_STACKROW_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/str.h"

#include "workerd/grouping/fingerprint.h"

/* PostgreSQL's B-tree and GIN entries may have about a third of a page (2704 bytes): unique texts
 * and elements of searched arrays stay well below. */
#define INDEXED_MAX 512

/* Different texts, in the order in which they first stood in the stack. */
struct text_set {
    const char **texts;
    size_t n;
};

/* n: of texts that may be added. */
void text_set_init(struct text_set *set, size_t n, struct arena *a);
/* False when it is empty or there already. */
bool text_set_add(struct text_set *set, const char *text, struct arena *a);
/* At most max bytes of it, whole characters; "" for NULL. */
const char *text_fit(const char *text, size_t max, struct arena *a);

struct event_stack {
    struct crash_stack crash;    /* of which it was made: what reading the row gives again */
    uint8_t digest[SHA256_SIZE]; /* of frames without verdicts, and facts */
    const struct verdict *verdicts;
    const char *frames; /* JSON: as in analysis.json, each with "verdict", "rule" and "name" */
    const char *facts;  /* JSON */
    const char *judged; /* JSON: "class", "tag", "detail", "keys" (what kinds): new rules may see
                           them otherwise */
    struct text_set functions, files, modules, build_ids;
};

/* The stack with its message as it is stored: without what differs from crash to crash, as far as
 * the keys stay those of g. */
struct crash_stack stackrow_reduce(const struct rules *rules, const struct crash_stack *s,
                                   const struct grouping *g, struct arena *a);

/* s as reduced. NULL without frames, or when there are more than a row may have. */
struct event_stack *stackrow_make(const struct crash_stack *s, const struct grouping *g,
                                  struct arena *a);

/* From the columns frames and facts. -EBADMSG. */
int stackrow_parse(struct str frames, struct str facts, struct arena *a, struct crash_stack *ret);

#endif
