/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "client/spool/shelf.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

/* --- While the process is held --- */

/* The run of adjacent mappings of one file that is being read. */
struct run {
    struct procfs_mapping first; /* its path is not used */
    uint64_t end;
    bool executable;
    char *path; /* in the arena */
};

static bool same_file(const struct procfs_mapping *a, const struct procfs_mapping *b)
{
    return a->inode == b->inode && a->device_major == b->device_major &&
           a->device_minor == b->device_minor;
}

static int open_mapping(const struct process *p, const struct procfs_mapping *m)
{
    char path[64];

    snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, m->start, m->end);
    return openat(p->dir, path, O_PATH | O_CLOEXEC);
}

static void end_run(const struct process *p, struct run *run, struct modules *m)
{
    if (run->executable && m->n == META_MODULES_MAX)
        m->cut = true;
    else if (run->executable) {
        m->fds[m->n] = open_mapping(p, &run->first);
        m->entries[m->n++] =
            (struct meta_module){.path = run->path, .start = run->first.start, .end = run->end};
    }
    *run = (struct run){0};
}

static void begin_run(struct run *run, const struct procfs_mapping *mapping, struct arena *a)
{
    char *path = arena_strndup(a, mapping->path.p, mapping->path.n);
    size_t n = procfs_unescape(path, mapping->path.n);

    path[n < META_TEXT_MAX ? n : META_TEXT_MAX] = '\0';
    *run = (struct run){.first = *mapping, .path = path};
}

/* Lines of anonymous memory between two mappings of a file do not part them: that is where its .bss
 * lies. */
static void read_mapping(const struct process *p, struct str line, struct arena *a, struct run *run,
                         struct modules *m)
{
    struct procfs_mapping mapping;

    if (procfs_parse_mapping(line, &mapping) != 0 || mapping.inode == 0)
        return;
    if (run->path && !same_file(&run->first, &mapping))
        end_run(p, run, m);
    if (!run->path)
        begin_run(run, &mapping, a);
    run->end = mapping.end;
    run->executable |= mapping.executable;
}

/* The kernel bounds a line: a path has at most PATH_MAX bytes, four of them for one that is
 * escaped. */
void modules_read(const struct process *p, struct arena *a, struct modules *ret)
{
    int fd = openat(p->dir, "maps", O_RDONLY | O_CLOEXEC);
    _cleanup_file_ FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    _cleanup_free_ char *line = NULL;
    size_t capacity = 0;
    struct run run = {0};
    ssize_t n;

    if (!maps)
        return;
    ret->entries = arena_array(a, struct meta_module, META_MODULES_MAX);
    ret->fds = arena_array(a, int, META_MODULES_MAX);
    while ((n = getline(&line, &capacity, maps)) > 0)
        read_mapping(p, (struct str){line, (size_t)n - (line[n - 1] == '\n')}, a, &run, ret);
    end_run(p, &run, ret);
}

/* --- After it was let go --- */

/* A mapped file may be a device, whose mere opening could do something. */
static int open_regular(int path_fd)
{
    char path[48];
    struct stat st;

    if (path_fd < 0 || fstat(path_fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
    return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int keep(struct meta_module *module, int path_fd, const struct spool *s, uint64_t max,
                struct arena *a)
{
    _cleanup_fd_ int fd = open_regular(path_fd);
    char build_id[ELF_BUILD_ID_TEXT];
    int r;

    if (fd < 0 || elf_build_id_fd(fd, build_id) != 0)
        return 0;
    module->build_id = arena_strdup(a, build_id);
    r = shelf_has(s, build_id) ? 0 : shelf_add(s, build_id, fd, max);
    module->offered = r == 0;
    return r < 0 ? r : 0;
}

int modules_keep(struct modules *m, const struct spool *s, uint64_t module_max, struct arena *a)
{
    int first = 0;

    for (size_t i = 0; i < m->n; i++) {
        int r = keep(&m->entries[i], m->fds[i], s, module_max, a);

        if (first == 0)
            first = r;
    }
    return first;
}

void modules_close(struct modules *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->fds[i] >= 0)
            close(TAKE_FD(m->fds[i]));
}
