/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/confine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common/base/cleanup.h"
#include "common/base/filter.h"

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

/* Deadly unless the flags are as told. */
static const struct filter_condition conditions[] = {
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

int confine(void)
{
    struct filter f;

    filter_begin(&f);
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        filter_allow(&f, allowed[i]);
    for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
        filter_allow_if(&f, &conditions[i]);
        filter_kill(&f, conditions[i].call);
    }
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        filter_refuse(&f, refusals[i].call, refusals[i].error);
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
        filter_kill(&f, deadly[i]);
    filter_end(&f, SECCOMP_RET_ERRNO | ENOSYS);
    return filter_enter(&f, SECCOMP_FILTER_FLAG_TSYNC);
}
