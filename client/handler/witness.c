/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/witness.h"

#include <fcntl.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "client/process/procfs.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/meta.h"

#define TEXT_MAX    8192
#define TASKS_MAX   65536
#define SIGNAL_MASK 0x7f /* of a status of wait(2) */

/* --- Texts --- */

/* Fields count from 1 as in proc(5); the second is the name, which may hold anything, so the third
 * begins behind the last parenthesis. */
int witness_parse_task(struct str text, struct witness_task *ret)
{
    const char *end = text.n ? memrchr(text.p, ')', text.n) : NULL;
    struct witness_task task = {0};
    struct str rest, field;
    bool flags = false, cpu = false, ending = false;

    if (!end)
        return WITNESS_MALFORMED;
    rest = str_trim((struct str){end + 1, text.n - (size_t)(end + 1 - text.p)});
    for (unsigned i = 3; i <= 52 && str_split(&rest, ' ', &field); i++) {
        if (i == 9)
            flags = str_to_u64(field, UINT32_MAX, &task.flags) == 0;
        else if (i == 39)
            cpu = str_to_u64(field, INT32_MAX, &task.cpu) == 0;
        else if (i == 52)
            ending = str_to_u64(field, UINT32_MAX, &task.ending) == 0;
    }
    if (!flags || !cpu || !ending)
        return WITNESS_MALFORMED;
    *ret = task;
    return 0;
}

int witness_parse_limits(struct str text, uint64_t *ret_core)
{
    const struct str name = STR("Max core file size ");
    struct str line, soft;

    while (str_split(&text, '\n', &line)) {
        if (!str_starts(line, name))
            continue;
        line = str_trim((struct str){line.p + name.n, line.n - name.n});
        str_split(&line, ' ', &soft);
        if (str_eq(soft, STR("unlimited")))
            *ret_core = UINT64_MAX;
        else if (str_to_u64(soft, UINT64_MAX, ret_core) < 0)
            return WITNESS_MALFORMED;
        return 0;
    }
    return WITNESS_MALFORMED;
}

/* --- The thread --- */

static int read_stat(int dir, const char *path, struct witness_task *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
    int r = io_read_file(dir, path, &b);

    return r < 0 ? r : witness_parse_task((struct str){b.data, b.len}, ret);
}

static bool writes_core(int tasks, const char *tid, uint64_t *ret_cpu)
{
    struct witness_task task;
    char path[48];

    snprintf(path, sizeof(path), "%.16s/stat", tid);
    if (read_stat(tasks, path, &task) != 0 || !(task.flags & PROCFS_DUMPING))
        return false;
    *ret_cpu = task.cpu;
    return true;
}

static void found(struct witness *w, const char *tid, uint64_t cpu)
{
    w->args.tid = strtol(tid, NULL, 10);
    w->args.cpu = (int64_t)cpu;
}

/* Most often it is the first thread. */
static void read_thread(struct witness *w, int dir)
{
    int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    char first[16];
    uint64_t cpu;

    snprintf(first, sizeof(first), "%d", (int)w->args.pid);
    if (!tasks)
        return;
    if (writes_core(fd, first, &cpu)) {
        found(w, first, cpu);
        return;
    }
    for (unsigned n = 0; n < TASKS_MAX && (entry = readdir(tasks)); n++)
        if (entry->d_name[0] != '.' && writes_core(fd, entry->d_name, &cpu)) {
            found(w, entry->d_name, cpu);
            return;
        }
}

static void read_comm(struct witness *w, int dir)
{
    _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
    char path[48];

    snprintf(path, sizeof(path), "task/%d/comm",
             (int)(w->args.tid == META_UNKNOWN ? w->args.pid : w->args.tid));
    if (io_read_file(dir, path, &b) < 0 || b.len == 0)
        return;
    snprintf(w->comm, sizeof(w->comm), "%.*s", (int)(b.len - (b.data[b.len - 1] == '\n')), b.data);
    w->args.comm = w->comm;
}

/* --- The rest --- */

static bool same_namespace(int dir)
{
    struct stat theirs, ours;

    return fstatat(dir, "ns/uts", &theirs, 0) == 0 && stat("/proc/self/ns/uts", &ours) == 0 &&
           theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* A namespace of names alone is entered for the one question that can't be asked from outside;
 * nothing is run or opened in it. */
static void read_hostname(struct witness *w, int pidfd, int dir)
{
    _cleanup_fd_ int home = -1;
    struct utsname names;

    if (same_namespace(dir)) {
        if (uname(&names) == 0)
            w->args.hostname = strcpy(w->hostname, names.nodename);
        return;
    }
    home = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    if (home < 0 || setns(pidfd, CLONE_NEWUTS) < 0)
        return;
    if (uname(&names) == 0)
        w->args.hostname = strcpy(w->hostname, names.nodename);
    (void)setns(home, CLONE_NEWUTS);
}

/* Where the socket does not tell it. */
static void read_signal(struct witness *w, int dir)
{
    struct witness_task task;

    if (w->args.signal == META_UNKNOWN && read_stat(dir, "stat", &task) == 0 &&
        (task.ending & SIGNAL_MASK) != 0)
        w->args.signal = (int64_t)(task.ending & SIGNAL_MASK);
}

/* The kernel does not look at it in this mode. */
static void read_limit(struct witness *w, int dir)
{
    _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);

    if (io_read_file(dir, "limits", &b) == 0)
        (void)witness_parse_limits((struct str){b.data, b.len}, &w->args.core_limit);
}

/* As %E of core(5): with ! for /. */
static void read_path(struct witness *w, int dir)
{
    ssize_t n = readlinkat(dir, "exe", w->path, sizeof(w->path) - 1);

    if (n <= 0)
        return;
    w->path[n] = '\0';
    for (char *c = w->path; *c; c++)
        if (*c == '/')
            *c = '!';
    w->args.path = w->path;
}

static int open_process(const struct coredump_peer *peer)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d", (int)peer->pid);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void init(struct witness *w, const struct coredump_peer *peer, const char *conf_path)
{
    *w = (struct witness){.args = {
                              .conf_path = conf_path,
                              .pid = peer->pid,
                              .tid = META_UNKNOWN,
                              .uid = peer->uid,
                              .gid = peer->gid,
                              .signal = peer->signal,
                              .time = clock_now() / USEC_PER_SEC,
                              .dump_mode = peer->dump_mode,
                              .cpu = META_UNKNOWN,
                              .pidfd = META_UNKNOWN,
                              .core_limit = UINT64_MAX,
                          }};
}

void witness_glance(const struct coredump_peer *peer, const char *conf_path, struct witness *ret)
{
    _cleanup_fd_ int dir = open_process(peer);

    init(ret, peer, conf_path);
    if (dir < 0)
        return;
    read_signal(ret, dir);
    read_comm(ret, dir);
    read_path(ret, dir);
}

int witness_read(const struct coredump_peer *peer, const char *conf_path, struct witness *ret)
{
    _cleanup_fd_ int dir = open_process(peer);

    init(ret, peer, conf_path);
    if (dir < 0)
        return -errno;
    ret->args.pidfd = peer->pidfd;
    read_signal(ret, dir);
    read_thread(ret, dir);
    read_comm(ret, dir);
    read_limit(ret, dir);
    read_hostname(ret, peer->pidfd, dir);
    read_path(ret, dir);
    return 0;
}
