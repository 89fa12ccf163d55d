/* SPDX-License-Identifier: Apache-2.0 */
/* The name in .gnu_debuglink: the file that has the debug information which was taken out of this
 * one (gdb's manual, "Debugging Information in Separate Files"). It is a bare file name or nothing.
 * Pure over struct bytes, which are hostile. */
#ifndef CORRAL_CLIENT_SIDECAR_DEBUGLINK_H
#define CORRAL_CLIENT_SIDECAR_DEBUGLINK_H

#include <limits.h>

#include "common/core/bytes.h"

#define DEBUGLINK_SIZE (NAME_MAX + 1)

enum debuglink_outcome {
    DEBUGLINK_NONE = 1, /* no such section, or what is in it is no file name */
};

/* DEBUGLINK_NONE, or -errno of reading. */
int debuglink_read(struct bytes file, char ret[static DEBUGLINK_SIZE]);

#endif
