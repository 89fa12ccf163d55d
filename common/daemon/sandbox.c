/* SPDX-License-Identifier: Apache-2.0 */
/* Five walls, each behind the other: capabilities(7) are dropped, prctl(2) forbids to gain any by
 * exec and makes the process invisible to ptrace, setrlimit(2) bounds what it may use, landlock(7)
 * leaves it a few folders to read, and seccomp(2) the system calls of a program that computes. The
 * filter is a list of what is allowed; the tables below say what happens to each call, and
 * everything that has no row kills. A child of a sandboxed process adds a short second filter,
 * which takes away what only its parent needs: that costs a tenth of entering afresh. */
#include "common/daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "common/base/cleanup.h"
#include "common/base/filter.h"

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
static const uint16_t allowed[] = {
    SYS_read,          SYS_pread64,         SYS_readv,        SYS_write,
    SYS_pwrite64,      SYS_writev,          SYS_lseek,        SYS_close,
    SYS_fstat,         SYS_dup,             SYS_ftruncate,    SYS_fallocate,
    SYS_brk,           SYS_munmap,          SYS_mremap,       SYS_madvise,
    SYS_futex,         SYS_getrandom,       SYS_sched_yield,  SYS_sysinfo,
    SYS_clock_gettime, SYS_gettimeofday,    SYS_uname,        SYS_fstatfs,
    SYS_nanosleep,     SYS_clock_nanosleep, SYS_getpid,       SYS_gettid,
    SYS_getuid,        SYS_geteuid,         SYS_getgid,       SYS_getegid,
    SYS_rt_sigaction,  SYS_rt_sigprocmask,  SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_restart_syscall, SYS_exit,          SYS_exit_group,   SYS_ppoll,
#ifdef SYS_poll
    SYS_poll,          SYS_time,
#endif
#ifdef __SANITIZE_ADDRESS__
    SYS_prctl,         SYS_sched_getaffinity, SYS_getrusage,  SYS_pipe2,
#endif
};
/* clang-format on */

/* … of a process that reads folders. */
static const uint16_t allowed_to_read[] = {
    SYS_openat,
    SYS_newfstatat,
    SYS_statx,
    SYS_getdents64,
};

/* … of one that opens nothing, but receives what others have opened. */
static const uint16_t allowed_to_receive[] = {
    SYS_recvmsg,
    SYS_getppid,
};

/* What sandbox_tighten takes away again. wait4(2) knows no other's children, and a descriptor of a
 * process (clone(2), CLONE_PIDFD) is had of an own child only. */
static const uint16_t allowed_to_parent[] = {
    SYS_wait4,
    SYS_pidfd_send_signal,
};

/* Calls that libraries try and can do without: they fail as on a system without that file, terminal
 * or right. kill and its kin are here for abort(3), which then ends by an illegal instruction. */
static const struct refusal {
    uint16_t call, error;
} refused[] = {
    {SYS_openat2, ENOSYS},    {SYS_faccessat, ENOENT}, {SYS_faccessat2, ENOENT},
    {SYS_readlinkat, ENOENT}, {SYS_ioctl, ENOTTY},     {SYS_kill, EPERM},
    {SYS_tgkill, EPERM},      {SYS_tkill, EPERM},      {SYS_getcwd, ENOENT},
#ifdef SYS_open
    {SYS_open, ENOENT},       {SYS_access, ENOENT},    {SYS_stat, ENOENT},
    {SYS_lstat, ENOENT},      {SYS_readlink, ENOENT},
#endif
};

/* … by a process that may open nothing. */
static const struct refusal refused_to_read[] = {
    {SYS_openat, ENOENT},
    {SYS_newfstatat, ENOENT},
    {SYS_statx, ENOENT},
};

/* No executable memory, no signals by descriptor. */
static const struct filter_condition conditional[] = {
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_fcntl, 1, UINT32_MAX, F_GETFD},
    {SYS_fcntl, 1, UINT32_MAX, F_SETFD},
    {SYS_fcntl, 1, UINT32_MAX, F_GETFL},
    {SYS_fcntl, 1, UINT32_MAX, F_DUPFD},
    {SYS_fcntl, 1, UINT32_MAX, F_DUPFD_CLOEXEC},
};

/* Of one without children: no limit is changed. */
static const struct filter_condition conditional_without_children[] = {
    {SYS_prlimit64, 2, UINT64_MAX, 0},
};

/* Processes, not threads or namespaces; own limits (what is lowered stays); its own end with its
 * parent; further filters. All of it is taken away by sandbox_tighten. */
static const struct filter_condition conditional_to_parent[] = {
    {SYS_clone, 0, UINT64_MAX, CLONE_PIDFD | SIGCHLD},
    {SYS_prlimit64, 0, UINT32_MAX, 0},
    {SYS_prctl, 0, UINT32_MAX, PR_SET_PDEATHSIG},
    {SYS_seccomp, 0, UINT32_MAX, SECCOMP_SET_MODE_FILTER},
};

static void allow_all(struct filter *f, const uint16_t *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        filter_allow(f, calls[i]);
}

static void allow_all_if(struct filter *f, const struct filter_condition *conditions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        filter_allow_if(f, &conditions[i]);
}

static void refuse_all(struct filter *f, const struct refusal *refusals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        filter_refuse(f, refusals[i].call, refusals[i].error);
}

static void allow_kind(struct filter *f, enum sandbox_kind kind)
{
    if (kind == SANDBOX_FORKS) {
        allow_all_if(f, conditional_to_parent, ARRAY_SIZE(conditional_to_parent));
        allow_all(f, allowed_to_parent, ARRAY_SIZE(allowed_to_parent));
    } else {
        allow_all_if(f, conditional_without_children, ARRAY_SIZE(conditional_without_children));
    }
    if (kind == SANDBOX_READS) {
        allow_all(f, allowed_to_read, ARRAY_SIZE(allowed_to_read));
    } else {
        allow_all(f, allowed_to_receive, ARRAY_SIZE(allowed_to_receive));
        refuse_all(f, refused_to_read, ARRAY_SIZE(refused_to_read));
    }
}

static int enter_filter(enum sandbox_kind kind)
{
    struct filter f;

    filter_begin(&f);
    allow_all_if(&f, conditional, ARRAY_SIZE(conditional));
    allow_kind(&f, kind);
    allow_all(&f, allowed, ARRAY_SIZE(allowed));
    refuse_all(&f, refused, ARRAY_SIZE(refused));
    filter_end(&f, SECCOMP_RET_KILL_PROCESS);
    return filter_enter(&f, 0);
}

static int tighten_filter(void)
{
    struct filter f;

    filter_begin(&f);
    allow_all_if(&f, conditional_without_children, ARRAY_SIZE(conditional_without_children));
    for (size_t i = 0; i < ARRAY_SIZE(conditional_to_parent); i++)
        filter_kill(&f, conditional_to_parent[i].call);
    for (size_t i = 0; i < ARRAY_SIZE(allowed_to_parent); i++)
        filter_kill(&f, allowed_to_parent[i]);
    filter_end(&f, SECCOMP_RET_ALLOW);
    return filter_enter(&f, 0);
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

/* A lower limit that is in force already stays. */
static int limit(int resource, uint64_t value)
{
    struct rlimit l = {value, value};
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
        l.rlim_cur = l.rlim_max = now.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &l) < 0 ? -errno : 0;
}

static int limit_unless_0(int resource, uint64_t value)
{
    return value == 0 ? 0 : limit(resource, value);
}

static int enter_limits(const struct sandbox *s)
{
    int r = limit(RLIMIT_FSIZE, s->file_bytes);

    if (r == 0)
        r = limit_unless_0(RLIMIT_CPU, s->cpu_seconds);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is terabytes of address space */
    if (r == 0)
        r = limit_unless_0(RLIMIT_AS, s->memory_bytes);
#endif
    return r;
}

int sandbox_enter(const struct sandbox *s)
{
    int r = drop_privileges();
    int landlock;

    if (r == 0)
        r = limit(RLIMIT_CORE, 0);
    if (r == 0 && s->kind != SANDBOX_FORKS)
        r = limit(RLIMIT_NPROC, 0);
    if (r == 0)
        r = enter_limits(s);
    if (r < 0)
        return r;
    landlock = enter_landlock(s->read_only);
    if (landlock < 0)
        return landlock;
    r = enter_filter(s->kind);
    return r < 0 ? r : landlock;
}

int sandbox_follow(int parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

int sandbox_tighten(const struct sandbox *s, int parent)
{
    int r = enter_limits(s);

    if (r == 0)
        r = limit(RLIMIT_NPROC, 0);
    if (r == 0)
        r = sandbox_follow(parent);
    return r < 0 ? r : tighten_filter();
}
