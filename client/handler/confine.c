/* SPDX-License-Identifier: Apache-2.0 */
/* The filter is classic BPF (seccomp(2)) that is written here by hand, from a table: a library that
 * compiles it would take longer than everything else that is done while the process is held. */
#include "client/handler/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

#define X32_BIT 0x40000000u

/* The most frequent first. */
static const uint16_t allowed[] = {
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_futex,
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_lseek,
    SYS_pwrite64,
    SYS_readv,
    SYS_writev,
    SYS_fcntl,
    SYS_flock,
    /* the spool */
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_linkat,
    SYS_fsync,
    SYS_fdatasync,
    SYS_msync,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchown,
    SYS_fstatfs,
    SYS_statfs,
    SYS_statx,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_utimensat,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_fadvise64,
    SYS_sync_file_range,
#ifdef SYS_rename
    SYS_rename,
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_mkdir,
    SYS_unlink,
    SYS_rmdir,
    SYS_poll,
    SYS_pipe,
    SYS_dup2,
    SYS_getdents,
    SYS_time,
    SYS_arch_prctl,
#endif
    /* memory and time */
    SYS_munmap,
    SYS_mremap,
    SYS_brk,
    SYS_madvise,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_getrandom,
    SYS_sysinfo,
    SYS_uname,
    /* ourselves and our threads */
    SYS_ppoll,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_eventfd2,
    SYS_memfd_create,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_gettid,
    SYS_getpid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_prlimit64,
    SYS_restart_syscall,
    SYS_capset,
    SYS_capget,
    SYS_prctl,
    /* whether the process is still there; another one's EPERM says yes as well */
    SYS_pidfd_send_signal,
};

/* Allowed when the bits of the mask in one argument are as told. */
static const struct condition {
    uint16_t call;
    uint8_t argument;
    uint32_t mask, value;
} conditions[] = {
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_clone, 0, CLONE_THREAD, CLONE_THREAD},
};

/* Refused rather than deadly: libraries ask and go on without. */
static const struct refusal {
    uint16_t call, error;
} refusals[] = {
    {SYS_clone3, ENOSYS}, /* its flags lie in memory; glibc takes clone instead */
    {SYS_ioctl, ENOTTY},
};

/* Nothing that a crash needs, and all that somebody wants who has taken us over. What is in no
 * table is answered as by a kernel that does not have it: a library's new habit must not cost
 * crashes. */
static const uint16_t deadly[] = {
    SYS_execve,
    SYS_execveat,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept4,
    SYS_sendto,
    SYS_sendmsg,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kill,
    SYS_setuid,
    SYS_setresuid,
    SYS_setgid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_io_uring_setup,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_open_by_handle_at,
    SYS_mount,
    SYS_umount2,
    SYS_chroot,
    SYS_pivot_root,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
};

#define PROGRAM_MAX                                                                                \
    (16 + ARRAY_SIZE(allowed) * 2 + ARRAY_SIZE(conditions) * 7 + ARRAY_SIZE(refusals) * 2 +        \
     ARRAY_SIZE(deadly) * 2)

struct program {
    struct sock_filter code[PROGRAM_MAX];
    uint16_t n;
};

static void add(struct program *p, struct sock_filter instruction)
{
    p->code[p->n++] = instruction;
}

static void load(struct program *p, size_t offset)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct program *p, uint32_t what)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* The next instruction is for this call alone. */
static void when_call(struct program *p, uint32_t call, uint8_t skip)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, skip));
}

/* Numbers of calls mean something on one architecture only. */
static void add_head(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    answer(p, SECCOMP_RET_KILL_PROCESS);
}

/* The flags that matter lie in the low half of an argument. */
static void add_condition(struct program *p, const struct condition *c)
{
    when_call(p, c->call, 5);
    load(p, offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t));
    add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, c->mask));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->value, 0, 1));
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, SECCOMP_RET_KILL_PROCESS);
}

static void compile(struct program *p)
{
    p->n = 0;
    add_head(p);
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        when_call(p, allowed[i], 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
        add_condition(p, &conditions[i]);
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        when_call(p, refusals[i].call, 1);
        answer(p, SECCOMP_RET_ERRNO | refusals[i].error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
        when_call(p, deadly[i], 1);
        answer(p, SECCOMP_RET_KILL_PROCESS);
    }
    answer(p, SECCOMP_RET_ERRNO | ENOSYS);
}

int confine(void)
{
    struct program p;
    struct sock_fprog f = {.filter = p.code};
    long r;

    compile(&p);
    f.len = p.n;
    r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &f);
    if (r < 0)
        return -errno;
    return r > 0 ? -EBUSY : 0; /* a thread that could not be brought along */
}
