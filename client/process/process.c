/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/process/facts.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"

#define STAT_MAX       4096
#define TEXT_MAX       16384 /* status, limits, … */
#define CGROUP_MAX     (64u * 1024)
#define AUXV_MAX       8192
#define COMM_MAX       64
#define LINK_TEXT_MAX  255
#define FILES_SEEN_MAX 4096 /* of open files, when the kernel (before 6.2) does not count them */

/* --- Opening and verifying --- */

static int open_stat(struct process *p)
{
    char text[STAT_MAX];
    ssize_t n;

    p->stat = openat(p->dir, "stat", O_RDONLY | O_CLOEXEC);
    n = p->stat < 0 ? -1 : pread(p->stat, text, sizeof(text), 0);
    if (n < 0)
        return -errno;
    return procfs_parse_stat((struct str){text, (size_t)n}, &p->at_start) == 0 ? 0 : -EBADMSG;
}

int process_open(const struct arguments *args, struct process *ret)
{
    char path[48];

    snprintf(path, sizeof(path), "/proc/%d", (int)args->pid);
    ret->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->dir < 0)
        return -errno;
    ret->mem = openat(ret->dir, "mem", O_RDONLY | O_CLOEXEC);
    if (args->pidfd != META_UNKNOWN) {
        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", (int)args->pidfd);
        ret->fdinfo = open(path, O_RDONLY | O_CLOEXEC);
    }
    return open_stat(ret);
}

void process_close(struct process *p)
{
    int *const fds[] = {&p->dir, &p->stat, &p->mem, &p->fdinfo};

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        if (*fds[i] >= 0)
            close(TAKE_FD(*fds[i]));
}

/* The descriptor must be a pidfd, of this very pid, of a process that is not reaped yet (it shows
 * -1 then): so the pid was nobody else's at any moment since the crash. */
static int verify_pidfd(const struct process *p, const struct arguments *args)
{
    char text[STAT_MAX];
    ssize_t n = p->fdinfo < 0 ? -1 : pread(p->fdinfo, text, sizeof(text), 0);
    int64_t pid;

    if (n < 0 || procfs_parse_pidfd((struct str){text, (size_t)n}, &pid) != 0 || pid != args->pid)
        return PROCESS_REPLACED;
    return 0;
}

/* Without a pidfd: another one that is dumped at the same time is at least not another user's. */
static bool is_same_user(const struct process *p, const struct arguments *args)
{
    return p->texts.status.n == 0 || args->uid == META_UNKNOWN ||
           facts_is_user(p->texts.status, args->uid);
}

int process_verify(const struct process *p, const struct arguments *args)
{
    char text[STAT_MAX];
    ssize_t n = p->stat < 0 ? -1 : pread(p->stat, text, sizeof(text), 0);
    struct procfs_stat stat;

    if (n < 0 || procfs_parse_stat((struct str){text, (size_t)n}, &stat) != 0)
        return PROCESS_REPLACED;
    if (args->pidfd != META_UNKNOWN)
        return verify_pidfd(p, args);
    return stat.flags & PROCFS_DUMPING && is_same_user(p, args) ? 0 : PROCESS_REPLACED;
}

ssize_t process_memory(void *arg, uint64_t address, void *to, size_t n)
{
    const struct process *p = arg;
    ssize_t got;

    if (p->mem < 0 || address > INT64_MAX)
        return 0;
    got = pread(p->mem, to, n, (off_t)address);
    return got < 0 ? -errno : got;
}

/* --- Links --- */

const char *process_text(struct arena *a, struct str s, size_t max, bool *cut)
{
    if (s.n > max) {
        *cut = true;
        s.n = utf8_valid_prefix(s.p, max) ?: max;
    }
    return arena_strndup(a, s.p, strnlen(s.p, s.n));
}

static const char *kept_text(struct str s, size_t max, const char *field, struct arena *a,
                             struct crash_meta *m)
{
    bool cut = false;
    const char *text = process_text(a, s, max, &cut);

    if (cut)
        meta_cut(m, a, field);
    return text;
}

static const char *read_link(const struct process *p, const char *name, const char *field,
                             struct arena *a, struct crash_meta *m)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(p->dir, name, target, sizeof(target));

    return n < 0 ? NULL : kept_text((struct str){target, (size_t)n}, META_TEXT_MAX, field, a, m);
}

/* The kernel writes the path with ! for / where it had no other way to tell it. */
static const char *path_of_argument(const char *path, struct arena *a, struct crash_meta *m)
{
    char *text;

    if (cstr_empty(path))
        return NULL;
    text = arena_strdup(a, kept_text(str_from(path), META_TEXT_MAX, "executable", a, m));
    for (char *c = text; *c; c++)
        if (*c == '!')
            *c = '/';
    return text;
}

static void read_executable(const struct process *p, const struct arguments *args, struct arena *a,
                            struct crash_meta *m)
{
    const char *path = read_link(p, "exe", "executable", a, m);

    if (!path)
        path = path_of_argument(args->path, a, m);
    if (path && cstr_ends(path, " (deleted)"))
        path = arena_strndup(a, path, strlen(path) - strlen(" (deleted)"));
    m->executable = path;
}

/* --- Namespaces --- */

/* Those that differ from ours, which are init's: the kernel starts us there. */
static void read_namespaces(struct process *p, struct arena *a, struct crash_meta *m)
{
    static const char *const names[] = {"cgroup", "ipc",  "mnt",  "net",
                                        "pid",    "time", "user", "uts"};

    m->namespaces.items = arena_array(a, const char *, ARRAY_SIZE(names));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char path[32], theirs[64] = "", ours[64] = "";
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        n = readlinkat(p->dir, path + strlen("/proc/self/"), theirs, sizeof(theirs) - 1);
        if (n <= 0 || readlink(path, ours, sizeof(ours) - 1) <= 0)
            continue;
        if (strcmp(theirs, ours) != 0)
            m->namespaces.items[m->namespaces.n++] = arena_strdup(a, theirs);
        else if (strcmp(names[i], "mnt") == 0)
            p->host_files = true;
    }
}

/* --- Open files --- */

static void read_open_file(DIR *files, const char *number, struct arena *a, struct crash_meta *m)
{
    char text[LINK_TEXT_MAX + 1], target[LINK_TEXT_MAX + 1];
    ssize_t n = readlinkat(dirfd(files), number, target, sizeof(target));
    int length;

    if (n < 0)
        return;
    length = snprintf(text, sizeof(text), "%.10s %.*s", number, (int)n, target);
    if ((size_t)n == sizeof(target) || (size_t)length >= sizeof(text))
        meta_cut(m, a, "open_files");
    m->open_files.items[m->open_files.n++] = arena_strdup(a, text);
}

/* As the kernel counts them since 6.2, in the size of the folder. */
static int64_t count_files(DIR *files)
{
    struct stat st;

    return fstat(dirfd(files), &st) == 0 && st.st_size > 0 ? st.st_size : 0;
}

static void read_open_files(const struct process *p, struct arena *a, struct crash_meta *m)
{
    int fd = openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *files = fd < 0 ? NULL : fdopendir(fd);
    int64_t n = 0, counted = files ? count_files(files) : 0;
    struct dirent *entry;

    if (!files)
        return;
    m->open_files.items = arena_array(a, const char *, META_OPEN_FILES_MAX);
    while (n < FILES_SEEN_MAX && (entry = readdir(files))) {
        if (entry->d_name[0] == '.')
            continue;
        if (n++ < META_OPEN_FILES_MAX)
            read_open_file(files, entry->d_name, a, m);
        else if (counted > 0)
            break;
    }
    m->open_files_count = counted > 0 ? counted : n;
    if (m->open_files_count > META_OPEN_FILES_MAX)
        meta_cut(m, a, "open_files");
}

/* --- Threads --- */

static const char *read_comm(int dir, const char *path, struct arena *a)
{
    char name[COMM_MAX];
    _cleanup_fd_ int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name));

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
        char path[64];
        uint64_t tid;

        if (str_to_u64(str_from(entry->d_name), INT32_MAX, &tid) < 0)
            continue;
        if (m->n_threads == META_THREADS_MAX) {
            meta_cut(m, a, "threads");
            return;
        }
        snprintf(path, sizeof(path), "%.16s/comm", entry->d_name);
        m->threads[m->n_threads++] =
            (struct meta_thread){(int64_t)tid, read_comm(dirfd(tasks), path, a)};
    }
}

static void read_parent(const struct process *p, struct arena *a, struct crash_meta *m)
{
    char path[48];

    if (p->at_start.parent == 0)
        return;
    m->parent_pid = (int64_t)p->at_start.parent;
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)p->at_start.parent);
    m->parent_comm = read_comm(AT_FDCWD, path, a);
}

/* --- Texts --- */

static struct str read_text(const struct process *p, const char *name, size_t max, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(max);

    if (io_read_file(p->dir, name, &b) < 0 || b.len == 0)
        return (struct str){"", 0};
    return (struct str){arena_memdup(a, b.data, b.len), b.len};
}

static void read_texts(struct process *p, struct arena *a)
{
    const struct {
        const char *name;
        size_t max;
        struct str *text;
    } files[] = {
        {"status", TEXT_MAX, &p->texts.status},
        {"cgroup", CGROUP_MAX, &p->texts.cgroup},
        {"limits", TEXT_MAX, &p->texts.limits},
        {"io", TEXT_MAX, &p->texts.io},
        {"auxv", AUXV_MAX, &p->texts.auxv},
        {"attr/current", TEXT_MAX, &p->texts.label},
        {"oom_score_adj", TEXT_MAX, &p->texts.oom_score_adj},
    };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        *files[i].text = read_text(p, files[i].name, files[i].max, a);
}

void process_read(struct process *p, const struct arguments *args, struct arena *a,
                  struct crash_meta *m)
{
    const struct slim_source memory = {process_memory, p};

    read_executable(p, args, a, m);
    m->working_directory = read_link(p, "cwd", "working_directory", a, m);
    read_namespaces(p, a, m);
    read_open_files(p, a, m);
    read_threads(p, a, m);
    read_parent(p, a, m);
    read_texts(p, a);
    privacy_read(&memory, &p->at_start, a, &p->areas);
}
