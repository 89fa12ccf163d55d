/* SPDX-License-Identifier: Apache-2.0 */
/* The name by which a library is asked for: DT_SONAME of its dynamic section (gABI, chapter 5).
 * What a process has mapped is a file, often by another name (libfoo.so.1.2 for libfoo.so.1), and a
 * debugger asks for what the program asked for. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_SONAME_H
#define CORRAL_CLIENT_CTL_DEBUG_SONAME_H

#include <limits.h>
#include <stdbool.h>

/* Of an open file; false when it has none, or one that is no plain file name. Hostile bytes are
 * fine. */
bool soname_read(int fd, char ret[static NAME_MAX + 1]);

#endif
