/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/engine workerd/wire workerd/oneshot workerd/naming workerd/unwind workerd/indexer
 * workerd/analysis workerd/image workerd/sources workerd/index workerd/front */
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

/* --- A file of many segments that is mapped often, and never where it says --- */

static struct fetched_index fetch_given(void *arg, const struct image_module *m)
{
    const struct buf *index = arg;

    (void)m;
    return (struct fetched_index){.data = index->data, .size = index->len};
}

static void make_segments(size_t n, struct buf *ret)
{
    struct index_writer *w = index_writer_new();

    index_writer_identity(w, EM_X86_64, true, "");
    for (size_t i = 0; i < n; i++)
        index_writer_segment(w, &(const struct index_segment){.vaddr = i * IMAGE_PAGE,
                                                              .offset = UINT64_C(1) << 40,
                                                              .filesz = IMAGE_PAGE,
                                                              .memsz = IMAGE_PAGE});
    ck_assert_int_eq(index_writer_finish(w, ret), 0);
    index_writer_free(w);
}

START_TEST(many_mappings_of_many_segments_take_no_time)
{
    enum { MAPPINGS = 100000, SEGMENTS = 60000 };
    const uint64_t stack[] = {0};
    _cleanup_buf_ struct buf index = BUF_INIT(64u << 20);
    _cleanup_free_ struct core_image_file *files = calloc(MAPPINGS, sizeof *files);
    const struct index_fetcher fetcher = {.fetch = fetch_given, .arg = &index};
    _cleanup_fd_ int fd = memfd_create("test", MFD_CLOEXEC);
    const struct analyse_input in = {.core_fd = fd, .scratch_fd = -1};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    for (uint64_t i = 0; i < MAPPINGS; i++)
        files[i] = (struct core_image_file){BASE + i * IMAGE_PAGE, BASE + (i + 1) * IMAGE_PAGE,
                                            i + 1, "/x"};
    f.image.files = files;
    f.image.n_files = MAPPINGS;
    core_image_build(&f.image, &f.core);
    ck_assert_int_eq(io_write(fd, f.core.data, f.core.len), 0);
    make_segments(SEGMENTS, &index);
    int64_t begin = clock_mono();

    ck_assert_int_eq(ours_analyse(&in, &fetcher, &f.arena, &f.an), 0);
    ck_assert_int_lt(clock_mono() - begin, USEC_PER_SEC); /* each by each: several */
    ck_assert_pstr_eq(f.an.modules[0].problem,
                      "it does not fit where the core says that it was mapped");
}
END_TEST

UNIT_MAIN("workerd/ours", ENGINE_CASES, many_mappings_of_many_segments_take_no_time)
