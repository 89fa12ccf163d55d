/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Real processes seen through /proc, with names that were made to mislead, and pids that are
 * somebody else's by now. */
#include "client/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

static struct privacy tell(const struct process *p, struct arena *a, struct crash_meta *m)
{
    struct settings s = {.environment = (char *)(uintptr_t) "LANG CORRAL_*"};
    struct privacy privacy;

    process_tell(p, &s, a, m, &privacy);
    return privacy;
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
    ck_assert_ptr_null(m.command_line); /* nothing that is private before it is asked */
    tell(&p, &a, &m);
    ck_assert_str_eq(m.executable, exe);
    ck_assert_ptr_nonnull(strstr(m.command_line, "client_process"));
    ck_assert_int_eq(m.parent_pid, getpid());
    ck_assert_int_gt(m.memory_resident, 0);
    ck_assert_int_ge(m.uptime, 0);
    ck_assert_uint_gt(m.open_files.n, 2);
    ck_assert_int_eq(m.open_files_count, (int64_t)m.open_files.n);
    ck_assert(p.host_files);
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
        tell(&p, &a, &m);
        ck_assert(m.restricted);
    }
}
END_TEST

static bool lists(const struct meta_texts *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

/* A program that was started with a secret, stopped in execve's own memory: what its ranges name is
 * overwritten, and nothing of the secret is left in argv and environ as they lie there. */
START_TEST(secrets_are_told_apart)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char *const argv[] = {"sleep", "60", "--password=ArgSecret", NULL};
    char *const environment[] = {"CORRAL_X=kept", "MY_TOKEN=EnvSecret", "OTHER=EnvPrivate", NULL};
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    struct privacy privacy;
    struct crash_meta m;
    char stack[65536];
    ssize_t n;
    pid_t pid = fork();

    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execve("/bin/sleep", argv, environment);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid); /* stopped behind execve */
    struct arguments args = arguments_of(pid, -1);

    meta_init(&m);
    ck_assert_int_eq(process_open(&args, &p), 0);
    process_read(&p, &args, &a, &m);
    privacy = tell(&p, &a, &m);
    ck_assert_str_eq(m.command_line, "sleep 60 --password=*********");
    ck_assert_str_eq(privacy.arguments, "sleep 60 --password=*********");
    ck_assert_uint_eq(m.environment.n, 3);
    ck_assert(lists(&m.environment, "CORRAL_X=kept") && lists(&m.environment, "MY_TOKEN") &&
              lists(&m.environment, "OTHER"));
    n = (ssize_t)(p.at_start.environment_end - p.at_start.arguments_start);
    ck_assert_int_eq(process_memory(&p, p.at_start.arguments_start, stack, (size_t)n), n);
    ck_assert_ptr_nonnull(memmem(stack, (size_t)n, "EnvPrivate", 10));
    for (size_t i = 0; i < privacy.n_ranges; i++)
        memset(stack + (privacy.ranges[i].start - p.at_start.arguments_start), '*',
               privacy.ranges[i].n);
    ck_assert_ptr_null(memmem(stack, (size_t)n, "Secret", 6));
    ck_assert_ptr_null(memmem(stack, (size_t)n, "Private", 7));
    ck_assert_ptr_nonnull(memmem(stack, (size_t)n, "CORRAL_X=kept", 14));
    kill_child(pid);
}
END_TEST

/* All that is done while a process is held, of one of a few threads and files. The bound is far
 * above what it takes, for machines that are busy. */
START_TEST(it_takes_no_time)
{
    struct arguments args = arguments_of(getpid(), -1);
    int64_t best = INT64_MAX;

    for (int i = 0; i < 20; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        _cleanup_process_ struct process p = PROCESS_CLOSED;
        int64_t from = clock_mono(), took;
        struct crash_meta m;

        meta_init(&m);
        ck_assert_int_eq(process_open(&args, &p), 0);
        process_read(&p, &args, &a, &m);
        tell(&p, &a, &m);
        took = clock_mono() - from;
        best = took < best ? took : best;
    }
    if (getenv("SHOW"))
        fprintf(stderr, "# %lld usec\n", (long long)best);
    ck_assert_int_lt(best, 1000);
}
END_TEST

static int opened_and_verified(const struct arguments *args)
{
    _cleanup_process_ struct process p = PROCESS_CLOSED;

    ck_assert_int_eq(process_open(args, &p), 0);
    return process_verify(&p, args);
}

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
    ck_assert_int_eq(opened_and_verified(&wrong), PROCESS_REPLACED);
    ck_assert_int_eq(opened_and_verified(&none), PROCESS_REPLACED);
    ck_assert_int_eq(opened_and_verified(&unmarked), PROCESS_REPLACED);
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

UNIT_MAIN("client/process", what_proc_tells, a_dump_for_root_only_is_restricted,
          secrets_are_told_apart, it_takes_no_time, a_pid_that_is_somebody_elses,
          a_process_that_is_gone, long_texts_are_cut_between_characters)
