/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/engine workerd/wire workerd/oneshot workerd/naming workerd/unwind workerd/indexer
 * workerd/analysis workerd/image workerd/sources workerd/index workerd/front */
#include "workerd/engine/ours.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "tests/unit/engine_cases.inc"
#include "workerd/indexer/indexer.h"

/* The index of the file that was asked for last: many analyses are of one program. */
static struct {
    ino_t file;
    struct buf index;
} kept;

static struct fetched_index make_index(int fd)
{
    struct stat st;

    ck_assert_int_eq(fstat(fd, &st), 0);
    if (kept.file != st.st_ino) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        const struct indexer_input in = {.module = {.data = p, .size = (size_t)st.st_size},
                                         .memory_max = 64u << 20};

        ck_assert_ptr_ne(p, MAP_FAILED);
        buf_init(&kept.index, 64u << 20);
        kept.file = st.st_ino;
        if (indexer_build(&in, &kept.index) != 0)
            buf_clear(&kept.index);
        munmap(p, (size_t)st.st_size);
    }
    return (struct fetched_index){kept.index.len ? kept.index.data : NULL, kept.index.len, NULL};
}

static struct fetched_index fetch(void *arg, const struct image_module *m)
{
    const struct module_wanted w = {m->path, m->build_id, m->main};
    _cleanup_fd_ int fd = -1;

    if (source_open_module(arg, &w, &fd) != 0)
        return (struct fetched_index){0};
    return make_index(fd);
}

static int run_engine(const struct analyse_input *in, const struct module_sources *sources,
                      struct arena *a, struct analysis *ret)
{
    struct module_sources copy = *sources;
    const struct index_fetcher f = {.fetch = fetch, .arg = &copy};

    return ours_analyse(in, &f, a, ret);
}

UNIT_MAIN("workerd/ours", ENGINE_CASES)
