/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/analysis workerd/cause workerd/engine workerd/fetcher workerd/front
 * workerd/grouping workerd/healing workerd/image workerd/index workerd/indexer workerd/naming
 * workerd/oneshot workerd/regroup workerd/sources workerd/supply workerd/unwind workerd/variables
 * workerd/wire */
/* Analyses and the making of indexes from the worker's side. The zygote is this program, started
 * with --serve, whose jobs do what a core says when it is one of hostile_jobs.h: bad cores are
 * answers, what breaks or reaches out costs its own job, and what this host cannot do is said. */
#include "workerd/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/report/limits.h"
#include "common/store/blob.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"
#include "tests/unit/hostile_jobs.h"

#define SELF "/proc/self/exe"

#ifdef __SANITIZE_ADDRESS__
#define MANY 500
#else
#define MANY 10000
#endif
#define LONG (20 * USEC_PER_SEC)

/* --- A worker --- */

static char data[] = "/tmp/corral-unit-child.XXXXXX";
static struct blob_store *store;
static struct crew *crew;
static struct stock *stock;
static int scratch = -1;

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(data));
    ck_assert_int_eq(blob_open(data, true, &store), 0);
    log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    scratch = child_scratch(data);
    ck_assert_int_ge(scratch, 0);
    crew = crew_new(SELF, NULL);
    stock = stock_new(&(const struct stock_options){.store = store,
                                                    .crew = crew,
                                                    .index_timeout = 2 * USEC_PER_SEC,
                                                    .index_memory = 256ull << 20,
                                                    .index_quota = 1ull << 30});
}

static void end(void)
{
    stock_free(stock);
    crew_free(crew);
    close(scratch);
    blob_close(store);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, data), 0);
}

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

static struct child_options options(int core)
{
    return (struct child_options){
        .crew = crew,
        .stock = stock,
        .scratch_fd = scratch,
        .core_fd = core,
        .timeout_usec = LONG,
        .memory_bytes = 1ull << 30,
        .tick = wanted,
    };
}

static int analyse_bytes(const void *p, size_t n, int64_t timeout, struct arena *a,
                         struct analysis *ret, const char **ret_problem)
{
    _cleanup_fd_ int core = file_with(p, n);
    struct child_options o = options(core);

    o.timeout_usec = timeout;
    return child_analyse(&o, a, ret, ret_problem);
}

/* --- Jobs of hostile_jobs.h --- */

/* What came of it: the problem of a job that failed, else the message of its analysis. */
static const char *outcome_within(const char *job, int64_t timeout, struct arena *a, int *ret)
{
    struct analysis an = {0};
    const char *problem = NULL;
    char text[256];

    snprintf(text, sizeof(text), HOSTILE_MARK "%s", job);
    *ret = analyse_bytes(text, strlen(text), timeout, a, &an, &problem);
    return *ret == 0 ? an.message : problem;
}

static void expect(const char *job, const char *message)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int r;
    const char *is = outcome_within(job, LONG, &a, &r);

    ck_assert_msg(r == 0 && is && strcmp(is, message) == 0, "%s: %d %s, not %s", job, r,
                  is ? is : "-", message);
}

static void expect_problem(const char *job, int64_t timeout, const char *problem)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int r;
    const char *is = outcome_within(job, timeout, &a, &r);

    ck_assert_msg(r == CHILD_FAILED && is && strcmp(is, problem) == 0, "%s: %d %s, not %s", job, r,
                  is ? is : "-", problem);
}

/* The first child of this process: the zygote. */
static pid_t zygote_pid(void)
{
    _cleanup_file_ FILE *f = fopen("/proc/thread-self/children", "re");
    int pid = 0;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
    return pid;
}

#define CRASHED    "the analysis itself crashed, or had too little memory"
#define TOO_LONG   "the analysis took too long"
#define FORBIDDEN  "the analysis was stopped: it tried a forbidden system call"
#define UNREADABLE "the analysis gave a result that cannot be read"

static const struct {
    const char *job;
    int64_t timeout;
    const char *problem;
} breaking[] = {
    {"hang", 300 * USEC_PER_MSEC, TOO_LONG},
    {"burn", 300 * USEC_PER_MSEC, TOO_LONG},
    {"crash", LONG, CRASHED},
    {"abort", LONG, CRASHED},
    {"leave", LONG, "the analysis itself failed"},
    {"half", LONG, "the analysis itself failed"},
    {"rubbish", LONG, UNREADABLE},
    {"flood", LONG, UNREADABLE},
    {"ask", LONG, UNREADABLE},
    {"disk", LONG, "the core is too large when it is decompressed"},
    {"socket", LONG, FORBIDDEN},
    {"execute", LONG, FORBIDDEN},
    {"fork", LONG, FORBIDDEN},
    {"trace", LONG, FORBIDDEN},
    {"limit", LONG, FORBIDDEN},
#ifndef __SANITIZE_ADDRESS__ /* its memory has no limit */
    {"memory", LONG, "the analysis needed more memory than job_memory gives it"},
#endif
};

START_TEST(what_breaks_costs_its_own_job)
{
    pid_t zygote;

    begin();
    expect("good", HOSTILE_GOOD);
    zygote = zygote_pid();
    for (size_t i = 0; i < ARRAY_SIZE(breaking); i++) {
        expect_problem(breaking[i].job, breaking[i].timeout, breaking[i].problem);
        expect("good", HOSTILE_GOOD);
    }
    ck_assert_int_eq(zygote_pid(), zygote);
    end();
}
END_TEST

/* --- Variables --- */

/* What it tells when variables are asked for, and how often it was begun. */
static const char *told_with_variables(const char *job, int64_t timeout, struct arena *a,
                                       size_t *ret_tries)
{
    char text[64];
    int n = snprintf(text, sizeof(text), HOSTILE_MARK "%s", job);
    _cleanup_fd_ int core = file_with(text, (size_t)n);
    _cleanup_fd_ int log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct child_options o = options(core);
    const char *problem = NULL;
    struct analysis an = {0};
    char said[512] = "";

    log_set_fd(log);
    o.variables = true;
    o.timeout_usec = timeout;
    int r = child_analyse(&o, a, &an, &problem);

    ck_assert_int_ge(io_pread(log, said, sizeof(said) - 1, 0), 0);
    *ret_tries = strstr(said, "analysed again without variables") ? 2 : 1;
    return r == 0 ? an.message : problem;
}

static const struct {
    const char *job;
    int64_t timeout;
    const char *told;
    size_t tries;
} variables_jobs[] = {
    {"variables work", LONG, "with variables", 1},
    {"variables crash", LONG, HOSTILE_GOOD, 2},
    {"variables rubbish", LONG, HOSTILE_GOOD, 2},
    {"variables hang", 300 * USEC_PER_MSEC, HOSTILE_GOOD, 2},
#ifndef __SANITIZE_ADDRESS__ /* its memory has no limit */
    {"variables memory", LONG, HOSTILE_GOOD, 2},
#endif
    {"crash", LONG, CRASHED, 2},
};

START_TEST(no_stack_is_lost_by_its_variables)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *told;
    size_t tries;

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(variables_jobs); i++) {
        told = told_with_variables(variables_jobs[i].job, variables_jobs[i].timeout, &a, &tries);
        ck_assert_str_eq(told, variables_jobs[i].told);
        ck_assert_uint_eq(tries, variables_jobs[i].tries);
    }
    end();
}
END_TEST

START_TEST(what_reaches_out_fails)
{
    static const char *const jobs[] = {"open", "signal", "count", "scratch", "scratch"};

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
        expect(jobs[i], HOSTILE_GOOD);
    end();
}
END_TEST

START_TEST(who_does_not_end_is_ended)
{
    int64_t began = clock_mono();

    begin();
    expect("stay", HOSTILE_GOOD);
    ck_assert_int_lt(clock_mono() - began, 10 * USEC_PER_SEC);
    end();
}
END_TEST

START_TEST(time_is_limited)
{
    begin();
    expect_problem("good", 0, TOO_LONG);
    expect("good", HOSTILE_GOOD);
    end();
}
END_TEST

static bool unwanted(void *arg)
{
    ++*(int *)arg;
    return false;
}

START_TEST(what_nobody_wants_is_ended)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int core = file_with(HOSTILE_MARK "hang", 9);
    struct child_options o;
    struct analysis an;
    const char *problem;
    int ticks = 0;

    begin();
    o = options(core);
    o.tick = unwanted;
    o.arg = &ticks;
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), CHILD_UNWANTED);
    ck_assert_int_eq(ticks, 1);
    expect("good", HOSTILE_GOOD);
    end();
}
END_TEST

/* Two jobs at once: the second sees nothing of the first. */
START_TEST(jobs_do_not_see_each_other)
{
    _cleanup_fd_ int core = file_with(HOSTILE_MARK "hang", 9);
    struct order o = {
        .kind = ORDER_ANALYSE, .memory_bytes = 1u << 30, .cpu_seconds = 9, .file_bytes = 1u << 30};
    struct parcel_fds fds = {.n = 3};
    struct report gone;
    int ends[2];

    begin();
    ck_assert_int_eq(parcel_pair(ends), 0);
    fds.list[0] = fds.list[2] = core;
    fds.list[1] = ends[1];
    ck_assert_int_eq(crew_begin(crew, &o, &fds), 0);
    expect("count", HOSTILE_GOOD);
    ck_assert_int_eq(crew_end(crew, o.job, 0, &gone), 0);
    ck_assert(WIFSIGNALED(gone.status) && WTERMSIG(gone.status) == SIGKILL);
    close(ends[0]);
    close(ends[1]);
    end();
}
END_TEST

/* --- The zygote's life --- */

static bool kill_zygote_once(void *arg)
{
    int *killed = arg;

    if (!*killed)
        kill(zygote_pid(), SIGKILL);
    *killed = 1;
    return true;
}

START_TEST(a_job_whose_zygote_was_killed_is_done_again)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int core = file_with(HOSTILE_MARK "slow", 9);
    struct child_options o;
    struct analysis an;
    const char *problem;
    int killed = 0;

    begin();
    o = options(core);
    o.tick = kill_zygote_once;
    o.arg = &killed;
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), 0);
    ck_assert_str_eq(an.message, HOSTILE_GOOD);
    ck_assert_int_eq(killed, 1);
    kill(zygote_pid(), SIGKILL); /* between jobs, too */
    expect("good", HOSTILE_GOOD);
    end();
}
END_TEST

START_TEST(without_an_engine_this_host_fails)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int r;

    begin();
    crew_free(crew);
    stock_free(stock);
    crew = crew_new("/nonexistent/corral-engine", NULL);
    stock = stock_new(&(const struct stock_options){.store = store, .crew = crew});
    outcome_within("good", LONG, &a, &r);
    ck_assert_int_eq(r, CHILD_HOST_FAILED);
    end();
}
END_TEST

static bool lives(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* A worker that is killed takes all of it along, also a child that hangs. */
START_TEST(nothing_outlives_its_worker)
{
    int *zygote =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t worker;

    begin();
    worker = fork();
    if (worker == 0) {
        expect("good", HOSTILE_GOOD);
        *zygote = zygote_pid();
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(worker, NULL, 0), worker);
    ck_assert_int_gt(*zygote, 0);
    for (int i = 0; i < 1000 && lives(*zygote); i++)
        clock_sleep(10 * USEC_PER_MSEC);
    ck_assert(!lives(*zygote));
    end();
}
END_TEST

static size_t descriptors_of(pid_t pid)
{
    _cleanup_dir_ DIR *d = NULL;
    char path[64];
    size_t n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    d = opendir(path);
    if (!d)
        return 0; /* not to be seen by this user */
    while (readdir(d))
        n++;
    return n;
}

static long resident_pages(pid_t pid)
{
    _cleanup_file_ FILE *f = NULL;
    char path[64];
    long size = 0, resident = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%ld %ld", &size, &resident), 2);
    return resident;
}

START_TEST(many_jobs_leave_nothing)
{
    size_t here, there;
    long pages_here, pages_there;

    begin();
    for (int i = 0; i < 100; i++)
        expect("good", HOSTILE_GOOD);
    here = descriptors_of(getpid());
    there = descriptors_of(zygote_pid());
    pages_here = resident_pages(getpid());
    pages_there = resident_pages(zygote_pid());
    for (int i = 0; i < MANY; i++)
        expect(i % 100 == 0 ? "scratch" : "good", HOSTILE_GOOD);
    ck_assert_uint_eq(descriptors_of(getpid()), here);
    ck_assert_uint_eq(descriptors_of(zygote_pid()), there);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what was freed for a while */
    ck_assert_int_le(resident_pages(getpid()), pages_here + 50);
    ck_assert_int_le(resident_pages(zygote_pid()), pages_there + 10);
#else
    (void)pages_here;
    (void)pages_there;
#endif
    end();
}
END_TEST

/* --- Real jobs --- */

START_TEST(garbage_is_an_answer)
{
    static const char *const cores[] = {
        "", "x", "\177ELF", "\177ELF\2\1\1 and nothing more that makes sense at all, or does it?",
        "\x28\xb5\x2f\xfd then no zstd frame"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
        struct analysis an = {0};
        const char *problem = NULL;
        int r = analyse_bytes(cores[i], strlen(cores[i]), LONG, &a, &an, &problem);

        ck_assert_msg(r == 0, "case %zu: %d %s", i, r, problem ? problem : "");
        ck_assert_msg(!cstr_empty(an.problem) && an.n_threads == 0, "case %zu", i);
    }
    end();
}
END_TEST

/* A core of a thread in each of so many frames that name a file with a long path. */
static void build_large(struct core_image_thread *threads, size_t n, struct buf *ret)
{
    static char path[8000];
    const struct core_image_file file = {.start = 0x400000, .end = 0x500000, .path = path};
    const struct core_image image = {
        .threads = threads, .n_threads = n, .files = &file, .n_files = 1, .signal = 11};

    memset(path, 'x', sizeof(path) - 1);
    for (size_t i = 0; i < n; i++)
        threads[i] = (struct core_image_thread){.tid = (int)i + 1, .signal = 11, .pc = 0x400100};
    buf_init(ret, 64u << 20);
    core_image_build(&image, ret);
}

START_TEST(what_is_too_large_to_hand_over_keeps_the_crashed_thread)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_free_ struct core_image_thread *threads =
        calloc(ANALYSIS_THREADS_MAX, sizeof(*threads));
    _cleanup_buf_ struct buf core;
    struct analysis an = {0};
    const char *problem = NULL;

    begin();
    build_large(threads, ANALYSIS_THREADS_MAX, &core);
    ck_assert_int_eq(analyse_bytes(core.data, core.len, 60 * USEC_PER_SEC, &a, &an, &problem), 0);
    ck_assert_uint_lt(an.n_threads, ANALYSIS_THREADS_MAX);
    ck_assert_uint_eq(an.n_threads + an.threads_left_out, ANALYSIS_THREADS_MAX);
    ck_assert(an.threads[0].crashed && an.threads[0].n_frames == 1);
    end();
}
END_TEST

START_TEST(memory_is_limited)
{
#ifndef __SANITIZE_ADDRESS__ /* its memory has no limit */
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_free_ struct core_image_thread *threads =
        calloc(ANALYSIS_THREADS_MAX, sizeof(*threads));
    _cleanup_buf_ struct buf core;
    struct analysis an = {0};
    const char *problem = NULL;
    struct child_options o;

    begin();
    build_large(threads, ANALYSIS_THREADS_MAX, &core);
    _cleanup_fd_ int fd = file_with(core.data, core.len);

    o = options(fd);
    o.memory_bytes = 64u << 20;
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), CHILD_FAILED);
    ck_assert_ptr_nonnull(strstr(problem, "memory"));
    end();
#endif
}
END_TEST

START_TEST(a_host_without_its_store_is_no_answer)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int core = file_with("x", 1);
    struct child_options o;
    struct analysis an;
    const char *problem;

    begin();
    ck_assert_int_lt(child_scratch("/nonexistent"), 0);
    o = options(core);
    o.scratch_fd = -1;
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), CHILD_HOST_FAILED);
    end();
}
END_TEST

START_TEST(a_core_that_is_no_file_does_not_hang)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct analysis an = {0};
    const char *problem = NULL;
    struct child_options o;
    int pipes[2];

    begin();
    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    o = options(pipes[0]);
    ck_assert_int_eq(child_analyse(&o, &a, &an, &problem), 0);
    ck_assert(!cstr_empty(an.problem));
    close(pipes[0]);
    close(pipes[1]);
    end();
}
END_TEST

/* --- Indexes --- */

static void store_module(const char *build_id, enum module_kind k, const void *p, size_t n)
{
    _cleanup_fd_ int fd = -1;

    ck_assert_int_eq(blob_module_begin(store, &fd), 0);
    ck_assert_int_eq(io_write(fd, p, n), 0);
    ck_assert_int_eq(blob_module_commit(store, fd, build_id, k), 0);
}

static void store_hostile(const char *build_id, const char *job)
{
    char text[64];

    snprintf(text, sizeof(text), HOSTILE_MARK "%s", job);
    store_module(build_id, MODULE_EXECUTABLE, text, strlen(text));
}

static const struct {
    const char *job, *build_id, *problem;
} bad_modules[] = {
    {"crash", "01", "reading it crashed, or had too little memory"},
    {"abort", "02", "reading it crashed, or had too little memory"},
    {"hang", "03", "reading it took too long"},
    {"execute", "04", "reading it was stopped: that tried a forbidden system call"},
    {"fork", "05", "reading it was stopped: that tried a forbidden system call"},
    {"disk", "06", "its index would be too large"},
#ifndef __SANITIZE_ADDRESS__
    {"memory", "07", "reading it needed more memory than index_memory gives"},
#endif
};

START_TEST(what_breaks_when_it_is_indexed_has_no_index)
{
    char job[64];

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(bad_modules); i++) {
        store_hostile(bad_modules[i].build_id, bad_modules[i].job);
        snprintf(job, sizeof(job), "want %s", bad_modules[i].build_id);
        expect(job, bad_modules[i].problem);
        int64_t began = clock_mono();

        expect(job, bad_modules[i].problem); /* remembered */
        if (strcmp(bad_modules[i].job, "hang") == 0)
            ck_assert_int_lt(clock_mono() - began, USEC_PER_SEC);
    }
    end();
}
END_TEST

/* A job about this program as a module. */
static void expect_self(const char *job, const char *message)
{
    char build_id[ELF_BUILD_ID_TEXT], text[256];
    _cleanup_fd_ int fd = open(SELF, O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(elf_build_id_fd(fd, build_id), 0);
    snprintf(text, sizeof(text), "%s %s", job, build_id);
    expect(text, message);
}

static void store_self(void)
{
    _cleanup_buf_ struct buf self = BUF_INIT(256u << 20);
    char build_id[ELF_BUILD_ID_TEXT];
    _cleanup_fd_ int fd = open(SELF, O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(elf_build_id_fd(fd, build_id), 0);
    ck_assert_int_eq(io_read_fd(fd, &self), 0);
    store_module(build_id, MODULE_EXECUTABLE, self.data, self.len);
}

static void expect_given_and_kept(void)
{
    expect_self("kept", "not kept");
    expect_self("want", "given");
    expect_self("kept", "kept");
}

/* This program's own index: made once, given, then kept; and again when the store has changed, or
 * the zygote. */
START_TEST(indexes_are_given_once_and_kept)
{
    begin();
    expect_self("want", "none");
    store_self();
    expect_given_and_kept();
    expect_self("count", HOSTILE_GOOD);
    store_hostile("08", "good");
    expect_given_and_kept();
    kill(zygote_pid(), SIGKILL);
    expect("good", HOSTILE_GOOD);
    expect_given_and_kept();
    end();
}
END_TEST

int main(int argc, char **argv)
{
    const struct unit_test tests[] = {
        {what_breaks_costs_its_own_job, 1},
        {no_stack_is_lost_by_its_variables, 1},
        {what_reaches_out_fails, 1},
        {who_does_not_end_is_ended, 1},
        {time_is_limited, 1},
        {what_nobody_wants_is_ended, 1},
        {jobs_do_not_see_each_other, 1},
        {a_job_whose_zygote_was_killed_is_done_again, 1},
        {without_an_engine_this_host_fails, 1},
        {nothing_outlives_its_worker, 1},
        {many_jobs_leave_nothing, 1},
        {garbage_is_an_answer, 1},
        {what_is_too_large_to_hand_over_keeps_the_crashed_thread, 1},
        {memory_is_limited, 1},
        {a_host_without_its_store_is_no_answer, 1},
        {a_core_that_is_no_file_does_not_hang, 1},
        {what_breaks_when_it_is_indexed_has_no_index, 1},
        {indexes_are_given_once_and_kept, 1},
    };

    if (argc == 3 && strcmp(argv[1], "--serve") == 0)
        _exit(zygote_serve(atoi(argv[2]), &hostile_zygote));
    return unit_run("workerd/child", tests, ARRAY_SIZE(tests));
}
