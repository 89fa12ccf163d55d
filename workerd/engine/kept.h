/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that children have without asking: open files by build-id, which a fork hands on for next
 * to nothing (a mapping of each would cost every child). One table in the process. */
#ifndef CORRAL_WORKERD_ENGINE_KEPT_H
#define CORRAL_WORKERD_ENGINE_KEPT_H

/* Takes the descriptor of an index that was found whole (sources/shelf.h); what is too many is
 * closed and not kept. */
void kept_add(const char *build_id, int fd);
/* Borrowed; -1. */
int kept_find(const char *build_id);
void kept_forget(void);

#endif
