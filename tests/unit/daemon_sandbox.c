/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* From inside of the sandbox: what an analysis needs works, and each thing that an attacker would
 * try next kills the process or fails. Every case runs in a child of its own that has entered the
 * sandbox with one folder to read. */
#include "common/daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
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

/* Runs attempt behind the walls; returns the status as of waitpid(2). Its own: 99 no sandbox. */
static int behind_walls(int (*attempt)(void))
{
    const char *const folders[] = {folder, NULL};
    const struct sandbox s = {
        .memory_bytes = MEMORY, .cpu_seconds = 2, .file_bytes = 1u << 20, .read_only = folders};
    int status = 0;
    pid_t pid;

    make_files();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int r = sandbox_enter(&s);

        _exit(r == 0 ? attempt() : 99);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    remove_files();
    return status;
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

static int (*const works[])(void) = {read_inside, write_scratch, allocate, map_file, ask_for_time};

START_TEST(what_an_analysis_needs_works)
{
    for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
        int status = behind_walls(works[i]);

        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "case %zu: status %x", i,
                      status);
    }
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

START_TEST(what_reaches_out_fails)
{
    for (size_t i = 0; i < ARRAY_SIZE(fails); i++) {
        int status = behind_walls(fails[i]);

        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "case %zu: status %x", i,
                      status);
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
        int status = behind_walls(kills[i].attempt);

        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == kills[i].signal,
                      "case %zu: status %x", i, status);
        ck_assert_msg(!WCOREDUMP(status), "case %zu left a core", i);
    }
}
END_TEST

START_TEST(endless_work_ends)
{
    int status = behind_walls(burn_time);

    ck_assert_msg(WIFSIGNALED(status) &&
                      (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL),
                  "status %x", status);
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
          what_an_attacker_tries_kills, endless_work_ends, no_capability_and_no_new_privileges)
