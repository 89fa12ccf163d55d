/* SPDX-License-Identifier: Apache-2.0 */
/* What a crash's message says once its wording is taken away: libraries tell the same in their own
 * words. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_MESSAGE_H
#define CORRAL_WORKERD_GROUPING_MESSAGE_H

#include "common/base/arena.h"
#include "workerd/grouping/kinds.h"

#define MESSAGE_DETAIL_MAX 512 /* bytes; longer ones are cut */

/* Of an assertion its expression, of an exception its type, of a panic and of heap corruption the
 * message itself, of a sanitizer's report what it found: one line of valid UTF-8 in the arena. NULL
 * when the message does not say, or is NULL. */
const char *message_detail(enum crash_kind kind, const char *message, struct arena *a);

/* A type as it is told by the process' memory: one line, within the limit. */
const char *message_type(const char *type, struct arena *a);

/* Without what differs from crash to crash: numbers, addresses and ids are `#`, quoted values `""`,
 * paths `/`. */
const char *message_without_parameters(const char *text, struct arena *a);

/* The type that a function throws which has it in its name: "std::out_of_range" for
 * std::__throw_out_of_range_fmt. raw is the name before it was normalised. NULL for others. */
const char *message_thrown_type(const char *normalised, const char *raw, struct arena *a);

#endif
