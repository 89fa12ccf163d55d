/* SPDX-License-Identifier: Apache-2.0 */
/* What a search through dpkg's lists has found, for the next crash of the same program: a small
 * file in the spool, good as long as the folder of the lists does not change, which it does with
 * every installation and upgrade. What is not packaged is remembered, too. A file that is lost,
 * damaged or overtaken by another handler's costs a search and nothing else. */
#ifndef CORRAL_CLIENT_HANDLER_PACKAGE_MEMO_H
#define CORRAL_CLIENT_HANDLER_PACKAGE_MEMO_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"

#define PACKAGE_MEMO     "packages"
#define PACKAGE_MEMO_MAX 32768u /* bytes; begun anew when full */

/* lists: the folder's descriptor; it tells of which state of it the memo speaks. */
bool package_memo_find(int dir_fd, int lists, struct str path, struct arena *a, const char **ret);
/* list "": of no package. */
void package_memo_add(int dir_fd, int lists, struct str path, const char *list);

/* --- Pure --- */

/* Text: a line that names the state, then "LIST PATH" a line. The list, or a slice without memory
 * when there is none of that state. */
struct str package_memo_look(struct str text, struct str state, struct str path);
/* The same with one more line; empty when it can't be told in a line. */
void package_memo_append(struct str text, struct str state, struct str path, struct str list,
                         struct buf *b);

#endif
