/* SPDX-License-Identifier: Apache-2.0 */
/* Our engine: an image unwound and named over module indexes, as the struct engine that analysis
 * asks. Indexes are fetched when the first frame falls into a module; the vDSO's, which has no
 * file, is made here from the core's own bytes. */
#ifndef CORRAL_WORKERD_ENGINE_OURS_H
#define CORRAL_WORKERD_ENGINE_OURS_H

#include <stddef.h>

#include "workerd/analysis/analyse.h"
#include "workerd/image/image.h"
#include "workerd/variables/variables.h"

/* An index as bytes that stay where they are until the process ends. */
struct fetched_index {
    const void *data; /* aligned to 8; NULL: there is none */
    size_t size;
    const char *problem; /* why there is none, when it is not that the file is missing; NULL */
};

struct index_fetcher {
    struct fetched_index (*fetch)(void *arg, const struct image_module *m);
    /* As struct debug_source's; NULL: there are none. */
    bool (*files)(void *arg, const struct image_module *m, struct debug_files *ret);
    /* Copies what the module's file has from offset on, n bytes at most; how many. NULL: nothing.
     */
    size_t (*code)(void *arg, const struct image_module *m, uint64_t offset, void *p, size_t n);
    void *arg;
};

/* As analyse(), with this engine. */
int ours_analyse(const struct analyse_input *in, const struct index_fetcher *fetcher,
                 struct arena *a, struct analysis *ret);

#endif
