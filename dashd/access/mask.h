/* SPDX-License-Identifier: Apache-2.0 */
/* The session's token as forms carry it: another text in each answer. Answers are compressed, and
 * how well tells what they hold; a text that is never twice the same can't be guessed by its
 * length. */
#ifndef CORRAL_DASHD_ACCESS_MASK_H
#define CORRAL_DASHD_ACCESS_MASK_H

#include <stdbool.h>

#include "common/base/arena.h"

/* Random digits, then the token under them; twice as long as the token, which is hexadecimal. A
 * token that is not is given as it is. */
const char *mask_token(struct arena *a, const char *token);
/* Whether this is the token under a mask. Takes as long for a wrong one as for the right one. */
bool mask_matches(const char *masked, const char *token);

#endif
