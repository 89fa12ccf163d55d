/* SPDX-License-Identifier: Apache-2.0 */
/* What goes when the spool is too large: the choice alone, made from a list of what there is. Pure.
 *
 * In this order: full cores, copies of modules, slim cores, metadata; in each the oldest first. The
 * newest crash of each kind keeps its full core longer than all others, and its slim core longer
 * than all other slim ones: the last stack of a kind is worth most. Metadata is small and goes last
 * of all, and never for the sake of a disk that others fill. */
#ifndef CORRAL_CLIENT_SPOOL_QUOTA_H
#define CORRAL_CLIENT_SPOOL_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quota_part {
    QUOTA_FULL,
    QUOTA_MODULE,
    QUOTA_SLIM,
    QUOTA_META, /* and with it the crash */
    QUOTA_PARTS,
};

/* A crash, or a copy of a module (QUOTA_MODULE alone). Sizes in bytes; 0: it has none. */
struct quota_item {
    int64_t at;          /* when: usec, or anything that orders */
    uint64_t kind;       /* a digest; 0: not known, a kind of its own */
    uint64_t executable; /* a digest; 0: not known, a share of its own */
    uint64_t bytes[QUOTA_PARTS];
    bool growing; /* the full core is being written: not to be touched */

    /* Of quota_choose alone. */
    bool newest;   /* of its kind */
    size_t leader; /* first item of its executable, which has … */
    uint64_t sum;  /* … the bytes of all of them */
};

struct quota_limits {
    uint64_t total;   /* bytes of all */
    uint64_t share;   /* bytes of one executable's crashes */
    uint64_t lacking; /* bytes that the disk needs back, from cores and modules */
};

struct quota_victim {
    size_t item;
    enum quota_part part;
};

uint64_t quota_total(const struct quota_item *items, size_t n);

/* Writes what has to go, in that order; ret has room for n × QUOTA_PARTS. Returns how many. The
 * metadata of an item implies the rest of it: it comes only when the rest went before, or grows. */
size_t quota_choose(struct quota_item *items, size_t n, const struct quota_limits *limits,
                    struct quota_victim *ret);

#endif
