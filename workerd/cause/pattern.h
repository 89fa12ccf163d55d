/* SPDX-License-Identifier: Apache-2.0 */
/* What a pointer that is none says of itself: it is text that was written over it, or one of the
 * values that allocators, compilers and people fill memory with. Pure. */
#ifndef CORRAL_WORKERD_CAUSE_PATTERN_H
#define CORRAL_WORKERD_CAUSE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_TEXT_SIZE 9

/* What is known to leave that value, in words; NULL: nothing. */
const char *pattern_poison(uint64_t value);
/* Whether the value is text that no pointer could look like by chance: eight or seven printable
 * bytes, or six that are no address of a usual process. */
bool pattern_text(uint64_t value, char ret[static PATTERN_TEXT_SIZE]);

#endif
