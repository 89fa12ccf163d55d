/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* From inside of the sandbox: what an analysis needs works, and each thing that an attacker would
 * try next kills the process or fails. Every case runs in a process of its own: one that has
 * entered the sandbox with one folder to read, or the tightened child of one that may fork. */
#include "common/daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"

#define MEMORY (256u << 20)

static char folder[64], inside[96], outside[64];
static pid_t parent;
static int scratch = -1; /* open before the sandbox, as the analysis' file for the core is */

static void make_files(void)
{
    parent = getpid();
    strcpy(folder, "/tmp/corral-unit-sandbox.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(inside, sizeof(inside), "%s/module", folder);
    strcpy(outside, "/tmp/corral-unit-sandbox-outside.XXXXXX");
    close(mkstemp(outside));
    close(open(inside, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    scratch = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ck_assert_int_ge(scratch, 0);
}

static void remove_files(void)
{
    unlink(inside);
    unlink(outside);
    rmdir(folder);
    close(scratch);
}

enum walls { READS, FORKS, TIGHTENED, RECEIVES };

static const struct sandbox limits = {
    .memory_bytes = MEMORY, .cpu_seconds = 2, .file_bytes = 1u << 20};

static pid_t fork_inside(int *ret_pid_fd)
{
    return (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, ret_pid_fd, NULL, NULL);
}

/* What became of the tightened child, for it is not this process's own. */
static int *told;

/* In the process that may fork. */
static int tightened(int (*attempt)(void))
{
    pid_t self = getpid(), pid;
    int pid_fd;

    pid = fork_inside(&pid_fd);
    if (pid == 0)
        _exit(sandbox_tighten(&limits, self) == 0 ? attempt() : 99);
    return waitpid(pid, told, 0) == pid ? 0 : 98;
}

static int enter(enum walls walls)
{
    const char *const folders[] = {folder, NULL};
    struct sandbox s = limits;

    if (walls == READS) {
        s.read_only = folders;
    } else if (walls == RECEIVES) {
        s.kind = SANDBOX_RECEIVES;
    } else {
        s = (struct sandbox){.kind = SANDBOX_FORKS, .file_bytes = UINT64_MAX};
    }
    return sandbox_enter(&s);
}

/* Runs attempt behind the walls; returns the status as of waitpid(2). Its own: 99 no sandbox, 98 no
 * child. */
static int behind_walls(enum walls walls, int (*attempt)(void))
{
    int status = 0;
    pid_t pid;

    make_files();
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (enter(walls) != 0)
            _exit(99);
        _exit(walls == TIGHTENED ? tightened(attempt) : attempt());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (walls == TIGHTENED && status == 0)
        status = *told;
    munmap(told, sizeof(*told));
    remove_files();
    return status;
}

static const char *name_of(enum walls walls)
{
    static const char *const names[] = {
        [READS] = "reads", [FORKS] = "forks", [TIGHTENED] = "tightened", [RECEIVES] = "receives"};

    return names[walls];
}

static void expect_end(enum walls walls, size_t i, int (*attempt)(void))
{
    int status = behind_walls(walls, attempt);

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: case %zu: status %x",
                  name_of(walls), i, status);
}

static void expect_signal(enum walls walls, size_t i, int (*attempt)(void), int signal)
{
    int status = behind_walls(walls, attempt);

    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signal, "%s: case %zu: status %x",
                  name_of(walls), i, status);
    ck_assert_msg(!WCOREDUMP(status), "%s: case %zu left a core", name_of(walls), i);
}

/* --- What must work: 0 --- */

static int read_inside(void)
{
    _cleanup_fd_ int fd = open(inside, O_RDONLY | O_CLOEXEC);
    char byte;

    return fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1;
}

static int write_scratch(void)
{
    return ftruncate(scratch, 0) == 0 && pwrite(scratch, "x", 1, 100) == 1 ? 0 : 1;
}

static int allocate(void)
{
    for (size_t n = 1; n <= 16u << 20; n *= 2) {
        char *p = malloc(n);

        if (!p)
            return 1;
        memset(p, 1, n);
        free(p);
    }
    return 0;
}

static int map_file(void)
{
    if (pwrite(scratch, "abc", 3, 0) != 3)
        return 1;
    return memcmp(mmap(NULL, 3, PROT_READ, MAP_PRIVATE, scratch, 0), "abc", 3) ? 1 : 0;
}

static int ask_for_time(void)
{
    struct timespec t;

    return clock_gettime(CLOCK_MONOTONIC, &t);
}

static int (*const works[])(void) = {write_scratch, allocate, map_file, ask_for_time};

START_TEST(what_an_analysis_needs_works)
{
    for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
        expect_end(READS, i, works[i]);
        expect_end(FORKS, i, works[i]);
        expect_end(TIGHTENED, i, works[i]);
        expect_end(RECEIVES, i, works[i]);
    }
    expect_end(READS, ARRAY_SIZE(works), read_inside);
}
END_TEST

/* --- What must fail, and leave the process as it was: 0 --- */

static int failed(long r)
{
    return r < 0 ? 0 : 1;
}

static int open_outside(void)
{
    return failed(open(outside, O_RDONLY | O_CLOEXEC));
}

static int open_passwd(void)
{
    return failed(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int open_by_dots(void)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/../../etc/passwd", folder);
    return failed(open(path, O_RDONLY | O_CLOEXEC));
}

static int open_own_memory(void)
{
    return failed(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
}

static int open_parent_memory(void)
{
    return failed(open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
}

static int write_inside(void)
{
    return failed(open(inside, O_WRONLY | O_CLOEXEC));
}

static int create_inside(void)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/new", folder);
    return failed(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int list_root(void)
{
    return failed(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int signal_parent(void)
{
    return failed(kill(parent, 0));
}

static int signal_thread_of_parent(void)
{
    return failed(syscall(SYS_tgkill, 1, 1, SIGKILL));
}

static int dump_core(void)
{
    struct rlimit now;

    return getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_max == 0 ? 0 : 1;
}

static int exhaust_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 0;
#else
    return malloc(2ul * MEMORY) == NULL ? 0 : 1;
#endif
}

static int (*const fails[])(void) = {
    open_outside, open_passwd,    open_by_dots, open_own_memory, open_parent_memory,
    write_inside, create_inside,  list_root,    signal_parent,   signal_thread_of_parent,
    dump_core,    exhaust_memory,
};

/* What only one that opens nothing fails at. */
static int stat_outside(void)
{
    struct stat st;

    return failed(stat(outside, &st));
}

static int open_inside(void)
{
    return failed(open(inside, O_RDONLY | O_CLOEXEC));
}

static int (*const fails_without_files[])(void) = {stat_outside, open_inside};

START_TEST(what_reaches_out_fails)
{
    for (size_t i = 0; i < ARRAY_SIZE(fails); i++) {
        expect_end(READS, i, fails[i]);
        expect_end(TIGHTENED, i, fails[i]);
        expect_end(RECEIVES, i, fails[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fails_without_files); i++) {
        expect_end(FORKS, i, fails_without_files[i]);
        expect_end(TIGHTENED, i, fails_without_files[i]);
        expect_end(RECEIVES, i, fails_without_files[i]);
    }
}
END_TEST

/* --- What must kill: the value returned does not matter, for nothing returns --- */

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int make_pair(void)
{
    int fds[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static int make_child(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static int make_child3(void)
{
    return (int)syscall(SYS_clone3, NULL, 0);
}

static int execute(void)
{
    char *const nothing[] = {NULL};

    return execve("/bin/true", nothing, nothing);
}

static int execute_descriptor(void)
{
    return (int)syscall(SYS_execveat, scratch, "", NULL, NULL, AT_EMPTY_PATH);
}

static int trace_parent(void)
{
    return (int)syscall(SYS_ptrace, PTRACE_ATTACH, parent, 0, 0);
}

static int read_parent(void)
{
    char byte;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};

    return (int)process_vm_readv(parent, &local, 1, &remote, 1, 0);
}

static int map_executable(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int set_limit(void)
{
    struct rlimit l = {0, 0};

    return setrlimit(RLIMIT_CPU, &l);
}

static int make_namespace(void)
{
    return unshare(CLONE_NEWUSER);
}

static int unlink_inside(void)
{
    return unlink(inside);
}

static int rename_inside(void)
{
    return rename(inside, outside);
}

static int change_mode(void)
{
    return chmod(inside, 0777);
}

static int make_folder(void)
{
    return mkdir("/tmp/corral-unit-sandbox-folder", 0700);
}

static int mount_something(void)
{
    return (int)syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL);
}

static int load_bpf(void)
{
    return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int make_uring(void)
{
    return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int open_pid(void)
{
    return (int)syscall(SYS_pidfd_open, parent, 0);
}

static int own_signals(void)
{
    return fcntl(scratch, F_SETOWN, parent);
}

static int make_memfd(void)
{
    return memfd_create("x", MFD_CLOEXEC);
}

static int burn_time(void)
{
    volatile unsigned i = 0;

    while (i + 1 != 0)
        i = 1;
    return 0;
}

static int write_too_much(void)
{
    return pwrite(scratch, "x", 1, 2u << 20) == 1 ? 0 : 1;
}

static const struct {
    int (*attempt)(void);
    int signal;
} kills[] = {
    {make_socket, SIGSYS},        {make_unix_socket, SIGSYS}, {make_pair, SIGSYS},
    {make_child, SIGSYS},         {make_child3, SIGSYS},      {execute, SIGSYS},
    {execute_descriptor, SIGSYS}, {trace_parent, SIGSYS},     {read_parent, SIGSYS},
    {map_executable, SIGSYS},     {make_executable, SIGSYS},  {set_limit, SIGSYS},
    {make_namespace, SIGSYS},     {unlink_inside, SIGSYS},    {rename_inside, SIGSYS},
    {change_mode, SIGSYS},        {make_folder, SIGSYS},      {mount_something, SIGSYS},
    {load_bpf, SIGSYS},           {make_uring, SIGSYS},       {open_pid, SIGSYS},
    {own_signals, SIGSYS},        {make_memfd, SIGSYS},       {write_too_much, SIGXFSZ},
};

START_TEST(what_an_attacker_tries_kills)
{
    for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
        expect_signal(READS, i, kills[i].attempt, kills[i].signal);
        expect_signal(TIGHTENED, i, kills[i].attempt, kills[i].signal);
        expect_signal(RECEIVES, i, kills[i].attempt, kills[i].signal);
    }
}
END_TEST

/* --- What only a process that forks may do --- */

static int have_child(void)
{
    int pid_fd, status = 0;
    pid_t pid = fork_inside(&pid_fd);

    if (pid == 0) {
        for (;;)
            clock_sleep(USEC_PER_SEC);
    }
    if (pid < 0 || syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, NULL, 0) < 0)
        return 1;
    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : 1;
}

static int make_thread(void)
{
    return (int)syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0);
}

static int make_child_in_namespace(void)
{
    return (int)syscall(SYS_clone, CLONE_PIDFD | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
}

static int survive_parent(void)
{
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

#ifndef __SANITIZE_ADDRESS__ /* which needs that call */
static int become_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
#endif

static int add_filter(void)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL);
}

static int limit_parent(void)
{
    struct rlimit l = {0, 0};

    return (int)syscall(SYS_prlimit64, parent, RLIMIT_CPU, &l, NULL);
}

static int wait_for_anyone(void)
{
    return (int)waitpid(-1, NULL, WNOHANG);
}

static int fork_like_parent(void)
{
    int pid_fd;

    return (int)fork_inside(&pid_fd);
}

static int send_descriptor(void)
{
    struct msghdr m = {0};

    return (int)sendmsg(scratch, &m, 0);
}

static int (*const deadly_to_both[])(void) = {
    make_thread,     make_child_in_namespace,
    limit_parent,    make_socket,
    make_pair,       execute,
    trace_parent,    open_pid,
    send_descriptor, make_memfd,
#ifndef __SANITIZE_ADDRESS__
    become_dumpable,
#endif
};

static int (*const deadly_to_child[])(void) = {
    fork_like_parent,
    wait_for_anyone,
    add_filter,
    survive_parent,
};

START_TEST(a_process_that_forks_has_children_and_no_more)
{
    expect_end(FORKS, 0, have_child);
    for (size_t i = 0; i < ARRAY_SIZE(deadly_to_both); i++) {
        expect_signal(FORKS, i, deadly_to_both[i], SIGSYS);
        expect_signal(TIGHTENED, i, deadly_to_both[i], SIGSYS);
        expect_signal(RECEIVES, i, deadly_to_both[i], SIGSYS);
    }
    for (size_t i = 0; i < ARRAY_SIZE(deadly_to_child); i++) {
        expect_signal(TIGHTENED, i, deadly_to_child[i], SIGSYS);
        expect_signal(RECEIVES, i, deadly_to_child[i], SIGSYS);
    }
}
END_TEST

static int follow_nobody(void)
{
    return sandbox_follow(getppid()) == 0 && sandbox_follow(getpid()) == -ESRCH ? 0 : 1;
}

START_TEST(only_a_parent_that_is_there_is_followed)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(follow_nobody());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    expect_end(FORKS, 0, follow_nobody);
}
END_TEST

/* --- Time --- */

static void expect_time_over(enum walls walls)
{
    int status = behind_walls(walls, burn_time);

    ck_assert_msg(WIFSIGNALED(status) &&
                      (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL),
                  "%s: status %x", name_of(walls), status);
}

START_TEST(endless_work_ends)
{
    expect_time_over(READS);
    expect_time_over(TIGHTENED);
    expect_time_over(RECEIVES);
}
END_TEST

/* Of several tries, for this machine may be busy. */
START_TEST(walls_are_made_at_once)
{
    int64_t best = INT64_MAX;

    for (unsigned i = 0; i < 10; i++) {
        int64_t began = clock_mono();

        expect_end(READS, i, ask_for_time);
        best = clock_mono() - began < best ? clock_mono() - began : best;
    }
    ck_assert_int_lt(best, 3 * USEC_PER_MSEC); /* with files, a fork and its end */
}
END_TEST

/* capget itself is forbidden inside; so the state is looked at from outside, in /proc. */
START_TEST(no_capability_and_no_new_privileges)
{
    const struct sandbox s = {.memory_bytes = MEMORY, .cpu_seconds = 2};
    int ready[2], go[2];
    char path[64], line[256];
    bool caps = false, privileges = false, filter = false;
    FILE *f;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(go), 0);
    pid = fork();
    if (pid == 0) {
        char byte = (char)(sandbox_enter(&s) == 0);

        if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], line, 1), 1);
    ck_assert_int_eq(line[0], 1);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof(line), f)) {
        caps = caps || strcmp(line, "CapPrm:\t0000000000000000\n") == 0;
        privileges = privileges || strcmp(line, "NoNewPrivs:\t1\n") == 0;
        filter = filter || strcmp(line, "Seccomp:\t2\n") == 0;
    }
    fclose(f);
    ck_assert(caps && privileges && filter);
    ck_assert_int_eq(write(go[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

UNIT_MAIN("daemon/sandbox", what_an_analysis_needs_works, what_reaches_out_fails,
          what_an_attacker_tries_kills, a_process_that_forks_has_children_and_no_more,
          only_a_parent_that_is_there_is_followed, endless_work_ends, walls_are_made_at_once,
          no_capability_and_no_new_privileges)
