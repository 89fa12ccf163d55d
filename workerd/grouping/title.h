/* SPDX-License-Identifier: Apache-2.0 */
/* What a group is called: how it crashed and where. `SIGSEGV in process_data() app.c:142`, `heap
 * corruption in cache_evict() lru.c:88`, `assertion "n > 0" failed in fill() ring.c:30`, `uncaught
 * std::out_of_range in Parser::next() parser.cpp:51`, `abort in app+0x1234`, `SIGBUS in app`. Pure.
 */
#ifndef CORRAL_WORKERD_GROUPING_TITLE_H
#define CORRAL_WORKERD_GROUPING_TITLE_H

#include "common/base/arena.h"
#include "workerd/grouping/fingerprint.h"

#define TITLE_MAX 255 /* bytes; longer ones are cut */

/* Valid UTF-8, one line, at most TITLE_MAX bytes, in the arena. */
const char *title_make(const struct crash_stack *stack, const struct grouping *g, struct arena *a);

#endif
