/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two versions is the later one, as a text of bytes that sorts like they do: databases and
 * memcmp then compare what they know nothing about. The order is dpkg's (deb-version(7): epoch,
 * upstream version, revision; numbers by their value, `~` before the end), with what other people
 * write besides: a leading v, and 2.0-rc1, 2.0rc1, 2.0.beta2, 2.0-dev before 2.0. Pure. */
#ifndef CORRAL_REPORT_VERSIONORDER_H
#define CORRAL_REPORT_VERSIONORDER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define VERSION_ORDERED_MAX 128 /* bytes of a version; a longer one has no order */
/* A byte of a version makes at most three of its order. */
#define VERSION_ORDER_MAX (3 * VERSION_ORDERED_MAX + 16)

struct version_order {
    uint8_t bytes[VERSION_ORDER_MAX];
    size_t n; /* 0: it has no order: empty, too long, no number in front, or a commit's hash */
};

struct version_order version_order(struct str version);
/* < 0, 0, > 0 as memcmp. Both have an order. */
int version_order_compare(const struct version_order *a, const struct version_order *b);

#endif
