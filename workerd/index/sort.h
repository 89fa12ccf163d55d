/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by numbers in linear time, whatever the input: what is sorted here comes from hostile
 * files, and there is a lot of it. Stable, so that what was added first stays first. */
#ifndef CORRAL_WORKERD_INDEX_SORT_H
#define CORRAL_WORKERD_INDEX_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_key {
    uint64_t key;
    uint32_t value; /* whatever the caller says */
};

/* -ENOMEM: it takes as much memory again as the keys have. */
int sort_keys(struct sort_key *keys, size_t n);

#endif
