/* SPDX-License-Identifier: Apache-2.0 */
/* Where a group's crashes happen more than the other crashes of the same program do, and what its
 * versions say about when it began and ended. Counts are compared, and told only when chance would
 * hardly make them: crashes of one host follow each other, so the bars are high. Pure. */
#ifndef CORRAL_DASHD_ATTRIBUTES_H
#define CORRAL_DASHD_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they are shown. */
enum attribute_kind {
    ATTRIBUTE_HOST,
    ATTRIBUTE_VERSION,
    ATTRIBUTE_KERNEL,
    ATTRIBUTE_DISTRIBUTION,
    ATTRIBUTE_CPU,
    ATTRIBUTE_ARCHITECTURE,
    ATTRIBUTE_UNIT,
    ATTRIBUTE_IMAGE,
    ATTRIBUTE_KINDS
};
const char *attribute_name(enum attribute_kind kind);

/* Crashes with this value, of all whose host, version or environment is known: in the group, and in
 * others of the same program. */
struct attribute {
    enum attribute_kind kind;
    const char *value;
    uint64_t here, here_all;
    uint64_t others, others_all;
    bool stands_out;
};

/* Whether the share here is larger than elsewhere by at least 20 points, with at least 10
 * such crashes here and 20 of any value elsewhere, and by chance in less than one of 1,000 cases
 * (two proportions, z). */
bool attribute_stands_out(const struct attribute *f);
/* In percent, rounded down; 0 of nothing. */
unsigned attribute_share(uint64_t of, uint64_t all);

struct attributes {
    struct attribute of[ATTRIBUTE_KINDS]; /* those that stand out first */
    size_t n;
    bool one_host; /* of[0] is one that has nearly all of them */
};
/* Of each kind the value that stands out most, or else the most frequent one; hosts and versions,
 * which the page lists anyway, only when they stand out. Beside one host that has nearly all
 * crashes, nothing else stands out: it is only what that host is. Values are borrowed. */
void attributes_choose(const struct attribute *rows, size_t n, struct attributes *ret);

/* A version of the group's program: crashes in the group, and in others. */
struct attribute_version {
    const char *version;
    uint64_t here, others;
};
/* Versions in their order, the oldest first. The first one in which it has not crashed any more,
 * though others have, so often that it would have been among them (95 of 100 cases); NULL. */
const char *attributes_fixed_in(const struct attribute_version *v, size_t n);
/* The same backwards: the version with which it began; NULL when older ones may have had it. */
const char *attributes_began_in(const struct attribute_version *v, size_t n);

#endif
