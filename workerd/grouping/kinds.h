/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of crash there are. A kind is what rules tell of a frame or a message (their tag), and
 * what a title begins with. Several kinds are one class: the same mistake in memory ends as a
 * SIGSEGV in one process, as glibc's abort in the next, and as a sanitizer's report in a third. The
 * class takes part in the fingerprint, the kind does not. Constant tables. */
#ifndef CORRAL_WORKERD_GROUPING_KINDS_H
#define CORRAL_WORKERD_GROUPING_KINDS_H

#include <stdbool.h>

#include "common/base/str.h"

/* By rising authority: when several frames and the message disagree, the last one in this list is
 * right. */
enum crash_kind {
    CRASH_NONE, /* only its signal is known */
    CRASH_FATAL,
    CRASH_HEAP,
    CRASH_STACK_OVERFLOW,
    CRASH_FORTIFY,
    CRASH_STACK_SMASH,
    CRASH_EXCEPTION,
    CRASH_TERMINATE,
    CRASH_PURE_VIRTUAL,
    CRASH_MEMORY_OUT,
    CRASH_DIVISION,
    CRASH_PANIC,
    CRASH_ASSERTION,
    CRASH_UNDEFINED,
    CRASH_RACE,
    CRASH_LEAK,
    CRASH_SANITIZER,
    CRASH_KINDS,
};

/* "heap-corruption"; NULL for CRASH_NONE. */
const char *crash_kind_tag(enum crash_kind k);
/* As a title begins: "heap corruption"; NULL for CRASH_NONE. */
const char *crash_kind_words(enum crash_kind k);
/* "memory"; NULL for CRASH_NONE, whose class is that of its signal. */
const char *crash_kind_class(enum crash_kind k);
/* False when no kind has this tag. */
bool crash_kind_parse(struct str tag, enum crash_kind *ret);

#endif
