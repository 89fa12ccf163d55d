/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/spool */
/* Real processes seen through /proc, with names that were made to mislead, and pids that are
 * somebody else's by now. */
#include "client/handler/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "client/spool/shelf.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

#define HOSTILE_NAME "x) R 1 (\n\"y"

/* A child with a hostile name that waits to be killed. */
static pid_t start_child(void)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, HOSTILE_NAME);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void kill_child(pid_t pid)
{
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static struct arguments arguments_of(pid_t pid, int pidfd)
{
    return (struct arguments){.pid = pid, .tid = pid, .pidfd = pidfd < 0 ? META_UNKNOWN : pidfd};
}

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

START_TEST(what_proc_tells)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    pid_t pid = start_child();
    int pidfd = open_pidfd(pid);
    struct arguments args = arguments_of(pid, pidfd);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    struct crash_meta m;
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    ck_assert_int_gt(n, 0);
    exe[n] = '\0';
    meta_init(&m);
    m.dump_mode = 1;
    ck_assert_int_eq(process_open(&args, &p), 0);
    process_read(&p, &args, &a, &m);
    ck_assert_str_eq(m.executable, exe);
    ck_assert_ptr_nonnull(strstr(m.command_line, "client_process"));
    ck_assert_uint_eq(m.n_threads, 1);
    ck_assert_int_eq(m.threads[0].tid, pid);
    ck_assert_str_eq(m.threads[0].name, HOSTILE_NAME);
    ck_assert_int_le(m.started_at, clock_now() + USEC_PER_SEC);
    ck_assert_int_ge(m.started_at, clock_now() - 60 * USEC_PER_SEC);
    ck_assert(!m.restricted);
    ck_assert_int_eq(process_verify(&p, &args), 0);
    kill_child(pid);
    close(pidfd);
}
END_TEST

START_TEST(a_dump_for_root_only_is_restricted)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    const int64_t modes[] = {0, 2, META_UNKNOWN};

    ck_assert_int_eq(process_open(&args, &p), 0);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct crash_meta m;

        meta_init(&m);
        m.dump_mode = modes[i];
        process_read(&p, &args, &a, &m);
        ck_assert(m.restricted);
    }
}
END_TEST

/* CVE-2025-4598: the crashed process is killed and its pid given to another one. */
START_TEST(a_pid_that_is_somebody_elses)
{
    pid_t pid = start_child(), other = start_child();
    int pidfd = open_pidfd(pid), other_pidfd = open_pidfd(other);
    struct arguments args = arguments_of(pid, pidfd), wrong = arguments_of(pid, other_pidfd);
    struct arguments none = arguments_of(pid, 0), unmarked = arguments_of(pid, -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;

    ck_assert_int_eq(process_open(&args, &p), 0);
    ck_assert_int_eq(process_verify(&p, &args), 0);
    ck_assert_int_eq(process_verify(&p, &wrong), PROCESS_REPLACED);
    ck_assert_int_eq(process_verify(&p, &none), PROCESS_REPLACED);
    ck_assert_int_eq(process_verify(&p, &unmarked), PROCESS_REPLACED);
    kill_child(pid);
    ck_assert_int_eq(process_verify(&p, &args), PROCESS_REPLACED);
    kill_child(other);
}
END_TEST

START_TEST(a_process_that_is_gone)
{
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    pid_t pid = start_child();
    struct arguments args = arguments_of(pid, -1);

    kill_child(pid);
    ck_assert_int_eq(process_open(&args, &p), -ENOENT);
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    bool cut = false;

    ck_assert_str_eq(process_text(&a, STR("aü"), 3, &cut), "aü");
    ck_assert(!cut);
    ck_assert_str_eq(process_text(&a, STR("aü"), 2, &cut), "a");
    ck_assert(cut);
    ck_assert_str_eq(process_text(&a, STR("a\0b"), 10, &cut), "a");
}
END_TEST

static const struct meta_module *find_module(const struct modules *m, const char *part)
{
    for (size_t i = 0; i < m->n; i++)
        if (strstr(m->entries[i].path, part))
            return &m->entries[i];
    return NULL;
}

START_TEST(modules_are_found_and_kept)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char folder[] = "/tmp/corral-unit.XXXXXX";
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    struct spool spool;
    struct modules m = {0};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert_ptr_nonnull(find_module(&m, "client_process"));
    ck_assert_ptr_nonnull(find_module(&m, "libc.so"));
    ck_assert_ptr_null(find_module(&m, "[vdso]"));
    ck_assert(find_module(&m, "libc.so")->start <= (uintptr_t)&lfind &&
              find_module(&m, "libc.so")->end > (uintptr_t)&lfind);
    ck_assert_int_eq(modules_keep(&m, &spool, UINT64_MAX, &a), 0);
    if (geteuid() == 0) { /* map_files is root's */
        ck_assert_ptr_nonnull(find_module(&m, "libc.so")->build_id);
        ck_assert(find_module(&m, "libc.so")->offered);
        ck_assert(shelf_has(&spool, find_module(&m, "libc.so")->build_id));
    }
    ck_assert_int_eq(io_remove_tree(spool.dir, "modules"), 0);
    spool_close(&spool);
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    ck_assert_int_eq(modules_keep(&m, &spool, 4096, &a), 0);
    ck_assert(!find_module(&m, "libc.so")->offered); /* too large, and none over the budget */
    modules_close(&m);
    spool_close(&spool);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}
END_TEST

/* As many mappings as a process likes, of files that are nobody's business, cost no memory. */
START_TEST(what_is_not_kept_is_not_remembered)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    const size_t page = 4096, pages = 2000;
    struct modules m = {0};
    char name[240];
    int fds[2];
    char *at;

    memset(name, '\n', sizeof(name)); /* four bytes each in maps */
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(fds[i] = memfd_create(name, 0), 0);
    at = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(at != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        ck_assert(mmap(at + i * page, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fds[i % 2], 0) !=
                  MAP_FAILED);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert_ptr_nonnull(find_module(&m, "client_process"));
    ck_assert_uint_lt(a.used,
                      META_MODULES_MAX * (sizeof(struct meta_module) + sizeof(int)) + 65536);
    modules_close(&m);
    ck_assert_int_eq(munmap(at, pages * page), 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

UNIT_MAIN("client/process", what_proc_tells, a_dump_for_root_only_is_restricted,
          a_pid_that_is_somebody_elses, a_process_that_is_gone,
          long_texts_are_cut_between_characters, modules_are_found_and_kept,
          what_is_not_kept_is_not_remembered)
