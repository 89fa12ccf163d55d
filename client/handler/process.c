/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "client/handler/procfs.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"

#define STAT_MAX   4096
#define CGROUP_MAX (64u * 1024)
#define AUXV_MAX   8192
#define COMM_MAX   64

/* --- Opening and verifying --- */

int process_open(const struct arguments *args, struct process *ret)
{
    char path[32];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d", (int)args->pid);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ret->dir = fd;
    return 0;
}

void process_close(struct process *p)
{
    if (p->dir >= 0)
        close(TAKE_FD(p->dir));
}

static int read_stat(int dir_fd, const char *path, struct procfs_stat *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STAT_MAX);
    int r = io_read_file(dir_fd, path, &b);

    return r < 0 ? r : procfs_parse_stat((struct str){b.data, b.len}, ret);
}

/* The descriptor must be a pidfd, of this very pid, of a process that is not reaped yet. */
static int verify_pidfd(const struct arguments *args)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STAT_MAX);
    char path[48];
    int64_t pid;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", (int)args->pidfd);
    if (io_read_file(AT_FDCWD, path, &b) < 0 ||
        procfs_parse_pidfd((struct str){b.data, b.len}, &pid) != 0 || pid != args->pid)
        return PROCESS_REPLACED;
    if (syscall(SYS_pidfd_send_signal, (int)args->pidfd, 0, NULL, 0) < 0)
        return PROCESS_REPLACED;
    return 0;
}

int process_verify(const struct process *p, const struct arguments *args)
{
    struct procfs_stat stat;

    if (read_stat(p->dir, "stat", &stat) != 0)
        return PROCESS_REPLACED;
    if (args->pidfd != META_UNKNOWN)
        return verify_pidfd(args);
    return stat.flags & PROCFS_DUMPING ? 0 : PROCESS_REPLACED;
}

/* --- Texts --- */

const char *process_text(struct arena *a, struct str s, size_t max, bool *cut)
{
    if (s.n > max) {
        *cut = true;
        s.n = utf8_valid_prefix(s.p, max) ?: max;
    }
    return arena_strndup(a, s.p, strnlen(s.p, s.n));
}

static const char *read_link(const struct process *p, const char *name, struct arena *a, bool *cut)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(p->dir, name, target, sizeof(target));

    if (n < 0)
        return NULL;
    return process_text(a, (struct str){target, (size_t)n}, META_TEXT_MAX, cut);
}

/* The kernel writes the path with ! for / where it had no other way to tell it. */
static const char *path_of_argument(const char *path, struct arena *a, bool *cut)
{
    char *text;

    if (cstr_empty(path))
        return NULL;
    text = arena_strdup(a, process_text(a, str_from(path), META_TEXT_MAX, cut));
    for (char *c = text; *c; c++)
        if (*c == '!')
            *c = '/';
    return text;
}

static void read_executable(const struct process *p, const struct arguments *args, struct arena *a,
                            struct crash_meta *m)
{
    const char *path = read_link(p, "exe", a, &m->cut);

    if (!path)
        path = path_of_argument(args->path, a, &m->cut);
    if (path && cstr_ends(path, " (deleted)"))
        path = arena_strndup(a, path, strlen(path) - strlen(" (deleted)"));
    m->executable = path;
}

/* Arguments end with a NUL each; blanks join them for people. */
static void read_command_line(const struct process *p, struct arena *a, struct crash_meta *m)
{
    char text[4096];
    _cleanup_buf_ struct buf b = BUF_INIT(META_CMDLINE_MAX);
    _cleanup_fd_ int fd = openat(p->dir, "cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    while (fd >= 0 && b.len < b.max && (n = io_read(fd, text, sizeof(text))) > 0) {
        size_t room = b.max - b.len;

        m->cut |= (size_t)n > room;
        buf_add(&b, text, (size_t)n < room ? (size_t)n : room);
    }
    while (b.len > 0 && b.data[b.len - 1] == '\0')
        b.len--;
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] == '\0')
            b.data[i] = ' ';
    if (b.len > 0)
        m->command_line = arena_strndup(a, b.data, b.len);
}

static void read_cgroup(const struct process *p, struct arena *a, struct crash_meta *m)
{
    _cleanup_buf_ struct buf b = BUF_INIT(CGROUP_MAX);
    struct str path, unit;

    if (io_read_file(p->dir, "cgroup", &b) < 0 ||
        procfs_parse_cgroup((struct str){b.data, b.len}, &path) != 0)
        return;
    m->cgroup = process_text(a, path, META_TEXT_MAX, &m->cut);
    unit = procfs_unit(path);
    if (unit.n > 0)
        m->unit = process_text(a, unit, 255, &m->cut);
}

/* --- Facts --- */

/* stat counts from boot, with the time in suspend (proc(5)); CLOCK_BOOTTIME does as well. */
static void read_start(const struct process *p, struct crash_meta *m)
{
    int64_t ticks = sysconf(_SC_CLK_TCK);
    struct procfs_stat stat;
    struct timespec up;

    if (read_stat(p->dir, "stat", &stat) != 0 || ticks <= 0 ||
        stat.start_ticks > INT64_MAX / (uint64_t)USEC_PER_SEC ||
        clock_gettime(CLOCK_BOOTTIME, &up) < 0)
        return;
    m->started_at = clock_now() - up.tv_sec * USEC_PER_SEC - up.tv_nsec / 1000 +
                    (int64_t)stat.start_ticks * USEC_PER_SEC / ticks;
}

/* Nothing of a program that ran with more rights than its caller's is for every eye
 * (CVE-2022-4415). */
static void read_restriction(const struct process *p, struct crash_meta *m)
{
    _cleanup_buf_ struct buf b = BUF_INIT(AUXV_MAX);

    m->restricted = m->dump_mode != 1;
    if (io_read_file(p->dir, "auxv", &b) < 0 || procfs_auxv_secure(b.data, b.len))
        m->restricted = true;
}

/* --- Threads --- */

static const char *read_comm(int tasks, const char *tid, struct arena *a)
{
    char path[64], name[COMM_MAX];
    _cleanup_fd_ int fd = -1;
    ssize_t n;

    snprintf(path, sizeof(path), "%.16s/comm", tid);
    fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, name, sizeof(name));
    if (n <= 0)
        return NULL;
    return arena_strndup(a, name, (size_t)(n - (name[n - 1] == '\n')));
}

static void read_threads(const struct process *p, struct arena *a, struct crash_meta *m)
{
    int fd = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!tasks)
        return;
    m->threads = arena_array(a, struct meta_thread, META_THREADS_MAX);
    while ((entry = readdir(tasks))) {
        uint64_t tid;

        if (str_to_u64(str_from(entry->d_name), INT32_MAX, &tid) < 0)
            continue;
        if (m->n_threads == META_THREADS_MAX) {
            m->cut = true;
            return;
        }
        m->threads[m->n_threads++] =
            (struct meta_thread){(int64_t)tid, read_comm(dirfd(tasks), entry->d_name, a)};
    }
}

void process_read(const struct process *p, const struct arguments *args, struct arena *a,
                  struct crash_meta *m)
{
    read_executable(p, args, a, m);
    read_command_line(p, a, m);
    m->working_directory = read_link(p, "cwd", a, &m->cut);
    read_cgroup(p, a, m);
    read_start(p, m);
    read_restriction(p, m);
    read_threads(p, a, m);
}
