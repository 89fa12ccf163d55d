/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker knows of modules, and how jobs come by their indexes: from the shelf, or made by a
 * job of their own. Remembers what could not be indexed, and which indexes the zygote keeps, until
 * the module store changes. */
#ifndef CORRAL_WORKERD_STOCK_H
#define CORRAL_WORKERD_STOCK_H

#include <stdint.h>

#include "common/base/metrics.h"
#include "common/report/analysis.h"
#include "common/store/blob.h"
#include "workerd/crew.h"
#include "workerd/wire/serve.h"

struct stock_options {
    struct blob_store *store;
    struct crew *crew;
    struct metrics *metrics; /* NULL: none */
    int64_t index_timeout;   /* usec, of making one; of all for one job twice that */
    uint64_t index_memory;
    uint64_t index_quota; /* bytes of the shelf */
};

struct stock;

/* What the options point at must outlive it. */
struct stock *stock_new(const struct stock_options *o);
void stock_free(struct stock *s);

/* Before each job: forgets what may be out of date, prunes the shelf now and then. */
void stock_begin(struct stock *s);
/* struct wire_provider's give; arg is the stock. -ECANCELED: the vigil's tick ended it;
 * -EOWNERDEAD: the zygote died. The vigil's deadline moves by the time that was spent. */
int stock_give(void *arg, const struct wire_want *w, struct vigil *v, int *ret_fd,
               const char **ret_problem);
/* struct wire_provider's give_files; arg is the stock. */
int stock_give_files(void *arg, const struct wire_want *w, struct parcel_fds *ret_fds,
                     uint32_t *ret_has);
/* struct wire_provider's give_code. */
ssize_t stock_give_code(void *arg, const struct wire_want *w, uint64_t offset, void *p, size_t n);
/* Sets the status of modules that the analysis says are missing and that are at hand all the same,
 * because no frame was in them. */
void stock_describe(struct stock *s, struct analysis *an);

#endif
