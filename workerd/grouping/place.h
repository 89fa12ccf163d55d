/* SPDX-License-Identifier: Apache-2.0 */
/* Where a program says that it failed: the file and line of an assertion's or a panic's message.
 * Pure. */
#ifndef CORRAL_WORKERD_GROUPING_PLACE_H
#define CORRAL_WORKERD_GROUPING_PLACE_H

#include <stdbool.h>

#include "common/base/str.h"

struct message_place {
    struct str file;  /* as the compiler wrote it */
    struct str whole; /* with line and column, in whatever form the message has them */
};

/* The first one in the message, of which ret is made. */
bool message_place(const char *message, struct message_place *ret);

#endif
