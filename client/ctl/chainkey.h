/* SPDX-License-Identifier: Apache-2.0 */
/* The one key of client.conf that a program writes: `chain`, in the file that people keep. All
 * other lines stay as they are. */
#ifndef CORRAL_CLIENT_CTL_CHAINKEY_H
#define CORRAL_CLIENT_CTL_CHAINKEY_H

#include "common/base/buf.h"
#include "common/base/str.h"

/* text with the key set to value: in the place where it stands, in force or as a comment, else at
 * the end. Pure. -EINVAL for a value that can't stand in such a file. */
int chainkey_edit(struct str text, const char *value, struct buf *b);
/* The same for a file, whole or not at all, with its owner and mode; one that is not there is made.
 */
int chainkey_set(const char *path, const char *value);

#endif
