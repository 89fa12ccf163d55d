/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/analysis workerd/grouping */
/* The sandboxed child from its parent's side: bad cores are answers, what takes too long is ended,
 * what this host cannot do is said. */
#include "workerd/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "common/store/blob.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"

static char data[] = "/tmp/corral-unit-child.XXXXXX";

static bool wanted(void *arg)
{
    (void)arg;
    return true;
}

/* An unnamed file with these bytes, as a core. */
static int file_with(const void *p, size_t n)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    ck_assert_int_eq(io_write(fd, p, n), 0);
    ck_assert_int_eq((int)lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static int analyse_bytes(const void *p, size_t n, int64_t timeout, struct arena *a,
                         struct analysis *ret, const char **ret_problem)
{
    _cleanup_fd_ int core = file_with(p, n);
    const struct child_options o = {.data = data,
                                    .core_fd = core,
                                    .timeout_usec = timeout,
                                    .memory_bytes = 1ull << 30,
                                    .tick = wanted};

    return child_analyse(&o, a, ret, ret_problem);
}

static void make_store(void)
{
    struct blob_store *s = NULL;

    ck_assert_ptr_nonnull(mkdtemp(data));
    ck_assert_int_eq(blob_open(data, true, &s), 0);
    blob_close(s);
}

static void remove_store(void)
{
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, data), 0);
}

START_TEST(garbage_is_an_answer)
{
    static const char *const cores[] = {
        "", "x", "\177ELF", "\177ELF\2\1\1 and nothing more that makes sense at all, or does it?",
        "\x28\xb5\x2f\xfd then no zstd frame"};
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    make_store();
    for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
        struct analysis an = {0};
        const char *problem = NULL;
        int r = analyse_bytes(cores[i], strlen(cores[i]), 20 * USEC_PER_SEC, &a, &an, &problem);

        ck_assert_msg(r == 0, "case %zu: %d %s", i, r, problem ? problem : "");
        ck_assert_msg(!cstr_empty(an.problem) && an.n_threads == 0, "case %zu", i);
    }
    remove_store();
}
END_TEST

START_TEST(time_is_limited)
{
    _cleanup_arena_ struct arena a;
    struct analysis an = {0};
    const char *problem = NULL;
    int64_t started = clock_mono();

    arena_init(&a, 0);
    make_store();
    ck_assert_int_eq(analyse_bytes("x", 1, 0, &a, &an, &problem), CHILD_FAILED);
    ck_assert_str_eq(problem, "the analysis took too long");
    ck_assert_int_lt(clock_mono() - started, 10 * USEC_PER_SEC);
    remove_store();
}
END_TEST

/* A core of a thread in each of so many frames that name a file with a long path. */
static void build_large(struct image_thread *threads, size_t n, struct buf *ret)
{
    static char path[8000];
    const struct image_file file = {.start = 0x400000, .end = 0x500000, .path = path};
    const struct image image = {
        .threads = threads, .n_threads = n, .files = &file, .n_files = 1, .signal = 11};

    memset(path, 'x', sizeof(path) - 1);
    for (size_t i = 0; i < n; i++)
        threads[i] = (struct image_thread){.tid = (int)i + 1, .signal = 11, .pc = 0x400100};
    buf_init(ret, 64u << 20);
    image_build(&image, ret);
}

START_TEST(what_is_too_large_to_hand_back_keeps_the_crashed_thread)
{
    _cleanup_arena_ struct arena a;
    _cleanup_free_ struct image_thread *threads = calloc(ANALYSIS_THREADS_MAX, sizeof(*threads));
    _cleanup_buf_ struct buf core;
    struct analysis an = {0};
    const char *problem = NULL;

    arena_init(&a, 0);
    make_store();
    build_large(threads, ANALYSIS_THREADS_MAX, &core);
    ck_assert_int_eq(analyse_bytes(core.data, core.len, 60 * USEC_PER_SEC, &a, &an, &problem), 0);
    ck_assert_uint_lt(an.n_threads, ANALYSIS_THREADS_MAX);
    ck_assert_uint_eq(an.n_threads + an.threads_left_out, ANALYSIS_THREADS_MAX);
    ck_assert(an.threads[0].crashed && an.threads[0].n_frames == 1);
    remove_store();
}
END_TEST

START_TEST(memory_is_limited)
{
#ifndef __SANITIZE_ADDRESS__ /* its memory has no limit */
    _cleanup_arena_ struct arena a;
    _cleanup_free_ struct image_thread *threads = calloc(ANALYSIS_THREADS_MAX, sizeof(*threads));
    _cleanup_buf_ struct buf core;
    struct analysis an = {0};
    const char *problem = NULL;

    arena_init(&a, 0);
    make_store();
    build_large(threads, ANALYSIS_THREADS_MAX, &core);
    _cleanup_fd_ int fd = file_with(core.data, core.len);
    const struct child_options o = {.data = data,
                                    .core_fd = fd,
                                    .timeout_usec = 60 * USEC_PER_SEC,
                                    .memory_bytes = 64u << 20,
                                    .tick = wanted};

    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), CHILD_FAILED);
    ck_assert_ptr_nonnull(strstr(problem, "memory"));
    remove_store();
#endif
}
END_TEST

START_TEST(a_host_without_its_store_is_no_answer)
{
    _cleanup_arena_ struct arena a;
    struct analysis an = {0};
    const char *problem = NULL;

    arena_init(&a, 0);
    make_store();
    remove_store();
    ck_assert_int_eq(analyse_bytes("x", 1, USEC_PER_SEC, &a, &an, &problem), CHILD_HOST_FAILED);
}
END_TEST

START_TEST(a_core_that_is_no_file_does_not_hang)
{
    _cleanup_arena_ struct arena a;
    struct analysis an = {0};
    const char *problem = NULL;
    int pipes[2];
    struct child_options o = {.data = data,
                              .timeout_usec = 20 * USEC_PER_SEC,
                              .memory_bytes = 1ull << 30,
                              .tick = wanted};

    arena_init(&a, 0);
    make_store();
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    o.core_fd = pipes[0];
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), 0);
    ck_assert(!cstr_empty(an.problem));
    close(pipes[0]);
    close(pipes[1]);
    remove_store();
}
END_TEST

UNIT_MAIN("workerd/child", garbage_is_an_answer, time_is_limited,
          what_is_too_large_to_hand_back_keeps_the_crashed_thread, memory_is_limited,
          a_host_without_its_store_is_no_answer, a_core_that_is_no_file_does_not_hang)
