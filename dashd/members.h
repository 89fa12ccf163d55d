/* SPDX-License-Identifier: Apache-2.0 */
/* The members that an asker wants of each object of a list: fields=id,title. Pure. */
#ifndef CORRAL_DASHD_MEMBERS_H
#define CORRAL_DASHD_MEMBERS_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"

#define MEMBERS_MAX 32

struct members {
    const char *names[MEMBERS_MAX];
    size_t n; /* 0: all */
};

/* text NULL: all. known ends with NULL. NULL and *ret filled, or what is wrong. */
const char *members_parse(struct arena *a, const char *text, const char *const *known,
                          struct members *ret);
/* The object that was written from this byte of the buffer on keeps these only. */
void members_keep(const struct members *m, struct buf *b, size_t from);

#endif
