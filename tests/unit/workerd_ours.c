/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/engine workerd/wire workerd/oneshot workerd/cause workerd/variables workerd/naming
 * workerd/unwind workerd/indexer workerd/analysis workerd/image workerd/sources workerd/index
 * workerd/front */
#include "workerd/engine/ours.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "tests/unit/engine_cases.inc"
#include "workerd/index/writer.h"
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

/* --- A file of many segments --- */

static struct fetched_index fetch_given(void *arg, const struct image_module *m)
{
    const struct buf *index = arg;

    (void)m;
    return (struct fetched_index){.data = index->data, .size = index->len};
}

/* Of n segments the last is the one that is mapped. */
static void make_segments(size_t n, struct buf *ret)
{
    struct index_writer *w = index_writer_new();

    index_writer_identity(w, EM_X86_64, true, "");
    for (size_t i = 0; i < n; i++)
        index_writer_segment(
            w, &(const struct index_segment){.vaddr = i * IMAGE_PAGE,
                                             .offset = i + 1 == n ? IMAGE_PAGE : UINT64_C(1) << 40,
                                             .filesz = IMAGE_PAGE,
                                             .memsz = IMAGE_PAGE});
    ck_assert_int_eq(index_writer_finish(w, ret), 0);
    index_writer_free(w);
}

/* What becomes of a module that is mapped from its second page on: its problem. */
static const char *problem_of(struct buf *index, struct fixture *f)
{
    static const struct core_image_file file = {BASE, BASE + 256 * IMAGE_PAGE, 1, "/x"};
    const uint64_t stack[] = {0};
    const struct index_fetcher fetcher = {.fetch = fetch_given, .arg = index};
    _cleanup_fd_ int fd = memfd_create("test", MFD_CLOEXEC);
    const struct analyse_input in = {.core_fd = fd, .scratch_fd = -1};

    fixture_init(f, stack, ARRAY_SIZE(stack));
    f->image.files = &file;
    f->image.n_files = 1;
    core_image_build(&f->image, &f->core);
    ck_assert_int_eq(io_write(fd, f->core.data, f->core.len), 0);
    ck_assert_int_eq(ours_analyse(&in, &fetcher, &f->arena, &f->an), 0);
    return f->an.modules[0].problem;
}

/* Each that is tried is compared with each mapping, and a file may say that it has thousands. */
START_TEST(few_segments_are_tried_for_where_a_module_lies)
{
    static const struct {
        size_t segments;
        const char *problem;
    } cases[] = {
        {1, NULL},
        {64, NULL},
        {65, "it does not fit where the core says that it was mapped"},
        {60000, "it does not fit where the core says that it was mapped"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf index = BUF_INIT(64u << 20);
        _fixture_ struct fixture f;

        make_segments(cases[i].segments, &index);
        ck_assert_pstr_eq(problem_of(&index, &f), cases[i].problem);
    }
}
END_TEST

UNIT_MAIN("workerd/ours", ENGINE_CASES, few_segments_are_tried_for_where_a_module_lies)
