/* SPDX-License-Identifier: Apache-2.0 */
/* Five walls, each behind the other: capabilities(7) are dropped, prctl(2) forbids to gain any by
 * exec and makes the process invisible to ptrace, setrlimit(2) bounds what it may use, landlock(7)
 * leaves it a few folders to read, and seccomp(2) the system calls of a program that computes. The
 * filter is a list of what is allowed; the three kinds of rows in it say what happens to each call,
 * and everything that has no row kills. */
#include "common/daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <seccomp.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

/* Newer than Debian 12's <linux/landlock.h>. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#endif

/* --- The filter --- */

/* Calls that read, write and map what is open, ask for memory, time and randomness, and end the
 * process. */
/* clang-format off */
static const int allowed[] = {
    SCMP_SYS(read),          SCMP_SYS(pread64),        SCMP_SYS(readv),       SCMP_SYS(write),
    SCMP_SYS(pwrite64),      SCMP_SYS(writev),         SCMP_SYS(lseek),       SCMP_SYS(close),
    SCMP_SYS(fstat),         SCMP_SYS(newfstatat),     SCMP_SYS(statx),       SCMP_SYS(openat),
    SCMP_SYS(dup),           SCMP_SYS(ftruncate),      SCMP_SYS(fallocate),   SCMP_SYS(getdents64),
    SCMP_SYS(brk),           SCMP_SYS(munmap),         SCMP_SYS(mremap),      SCMP_SYS(madvise),
    SCMP_SYS(futex),         SCMP_SYS(getrandom),      SCMP_SYS(sched_yield), SCMP_SYS(sysinfo),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(time),        SCMP_SYS(uname),
    SCMP_SYS(nanosleep),     SCMP_SYS(clock_nanosleep), SCMP_SYS(getpid),     SCMP_SYS(gettid),
    SCMP_SYS(getuid),        SCMP_SYS(geteuid),        SCMP_SYS(getgid),      SCMP_SYS(getegid),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit),         SCMP_SYS(exit_group),  SCMP_SYS(poll),
    SCMP_SYS(ppoll),         SCMP_SYS(fstatfs),
#ifdef __SANITIZE_ADDRESS__
    SCMP_SYS(prctl),         SCMP_SYS(sched_getaffinity), SCMP_SYS(getrusage), SCMP_SYS(pipe2),
#endif
};
/* clang-format on */

/* Calls that libraries try and can do without: they fail as on a system without that file, terminal
 * or right. kill and its kin are here for abort(3), which then ends by an illegal instruction. */
static const struct {
    int call, error;
} refused[] = {
    {SCMP_SYS(open), ENOENT},      {SCMP_SYS(openat2), ENOSYS},    {SCMP_SYS(access), ENOENT},
    {SCMP_SYS(faccessat), ENOENT}, {SCMP_SYS(faccessat2), ENOENT}, {SCMP_SYS(stat), ENOENT},
    {SCMP_SYS(lstat), ENOENT},     {SCMP_SYS(readlink), ENOENT},   {SCMP_SYS(readlinkat), ENOENT},
    {SCMP_SYS(ioctl), ENOTTY},     {SCMP_SYS(kill), EPERM},        {SCMP_SYS(tgkill), EPERM},
    {SCMP_SYS(tkill), EPERM},      {SCMP_SYS(getcwd), ENOENT},
};

/* Calls that are allowed while all bits of mask in one argument (0 the first) are value: no
 * executable memory, no limit raised, no signals by descriptor. */
static const struct {
    int call;
    unsigned argument;
    uint64_t mask, value;
} conditional[] = {
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},         {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(prlimit64), 2, UINT64_MAX, 0},   {SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFD},
    {SCMP_SYS(fcntl), 1, UINT32_MAX, F_SETFD}, {SCMP_SYS(fcntl), 1, UINT32_MAX, F_GETFL},
    {SCMP_SYS(fcntl), 1, UINT32_MAX, F_DUPFD}, {SCMP_SYS(fcntl), 1, UINT32_MAX, F_DUPFD_CLOEXEC},
};

static int add_rules(scmp_filter_ctx ctx)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(refused); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, 0);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conditional); i++)
        r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, conditional[i].call, 1,
                             SCMP_CMP(conditional[i].argument, SCMP_CMP_MASKED_EQ,
                                      conditional[i].mask, conditional[i].value));
    return r;
}

/* The filter as the kernel takes it; filled once, inherited by children. */
static struct sock_fprog program;

static int load_program(int fd)
{
    _cleanup_free_ void *code = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size == 0 || (size_t)st.st_size > BPF_MAXINSNS * sizeof(struct sock_filter))
        return -E2BIG;
    code = malloc((size_t)st.st_size);
    if (!code)
        return -ENOMEM;
    if (io_pread(fd, code, (size_t)st.st_size, 0) != st.st_size)
        return -EIO;
    program.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
    program.filter = TAKE_PTR(code);
    return 0;
}

int sandbox_prepare(void)
{
    _cleanup_fd_ int fd = -1;
    scmp_filter_ctx ctx;
    int r;

    if (program.len > 0)
        return 0;
    fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx)
        return -ENOMEM;
    r = add_rules(ctx);
    if (r == 0)
        r = seccomp_export_bpf(ctx, fd);
    seccomp_release(ctx);
    return r < 0 ? r : load_program(fd);
}

static int enter_filter(void)
{
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return -errno;
    return 0;
}

/* --- Landlock --- */

static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool sandbox_has_landlock(void)
{
    return landlock_abi() > 0;
}

/* Every right that this kernel's version knows. */
static uint64_t handled_rights(int abi)
{
    uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

    if (abi >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 5)
        rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    return rights;
}

static int allow_reading(int ruleset, const char *path)
{
    _cleanup_fd_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {
        .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
        .parent_fd = fd,
    };

    if (fd < 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return -errno;
    return 0;
}

static int enter_landlock(const char *const *read_only)
{
    struct landlock_ruleset_attr attr = {0};
    _cleanup_fd_ int ruleset = -1;
    int abi = landlock_abi();

    if (abi <= 0)
        return SANDBOX_NO_LANDLOCK;
    attr.handled_access_fs = handled_rights(abi);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return -errno;
    for (; read_only && *read_only; read_only++) {
        int r = allow_reading(ruleset, *read_only);

        if (r < 0)
            return r;
    }
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return -errno;
    return 0;
}

/* --- Privileges and limits --- */

static int drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, none) < 0)
        return -errno;
    return 0;
}

static int limit(int resource, uint64_t value)
{
    struct rlimit l = {value, value};
    struct rlimit now;

    /* A lower limit that is in force already stays. */
    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
        l.rlim_cur = l.rlim_max = now.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &l) < 0 ? -errno : 0;
}

static int enter_limits(const struct sandbox *s)
{
    int r = limit(RLIMIT_CORE, 0);

    if (r == 0)
        r = limit(RLIMIT_NPROC, 0);
    if (r == 0)
        r = limit(RLIMIT_CPU, s->cpu_seconds);
    if (r == 0)
        r = limit(RLIMIT_FSIZE, s->file_bytes);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is terabytes of address space */
    if (r == 0)
        r = limit(RLIMIT_AS, s->memory_bytes);
#endif
    return r;
}

int sandbox_enter(const struct sandbox *s)
{
    int r = sandbox_prepare();
    int landlock;

    if (r == 0)
        r = drop_privileges();
    if (r == 0)
        r = enter_limits(s);
    if (r < 0)
        return r;
    landlock = enter_landlock(s->read_only);
    if (landlock < 0)
        return landlock;
    r = enter_filter();
    return r < 0 ? r : landlock;
}
