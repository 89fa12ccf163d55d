/* SPDX-License-Identifier: Apache-2.0 */
/* How an index's symbols are written: demangled, without versions, and stubs with their "@plt".
 * What that costs is bounded by the size of the files, for a short symbol can stand for a long
 * name; when it is spent, symbols stay as they are. */
#ifndef CORRAL_WORKERD_INDEXER_READABLE_H
#define CORRAL_WORKERD_INDEXER_READABLE_H

#include "common/base/arena.h"
#include "workerd/index/writer.h"
#include "workerd/indexer/effort.h"

struct readable {
    struct index_writer *writer; /* that is told of what was left undone */
    struct effort effort;
    struct arena arena; /* what was returned last is in it */
};

/* Makes it the writer's. bytes: of all files that the index is made of. */
void readable_init(struct readable *r, struct index_writer *w, uint64_t bytes);
void readable_fini(struct readable *r);

#endif
