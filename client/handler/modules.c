/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "client/spool/shelf.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

#define LINE_BYTES_MAX (8u * PATH_MAX) /* of maps: four bytes for one that is escaped */

/* --- While the process is held --- */

/* The run of adjacent mappings of one file that is being read. */
struct run {
    struct procfs_mapping first; /* its path is not used */
    uint64_t end;
    bool begun, executable;
    struct buf path; /* as the kernel wrote it */
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

static const char *path_of(struct run *run, struct arena *a)
{
    size_t n;

    if (run->path.len == 0)
        return "";
    n = procfs_unescape(run->path.data, run->path.len);
    return arena_strndup(a, run->path.data, n < META_TEXT_MAX ? n : META_TEXT_MAX);
}

/* Only what is kept goes into the arena: there may be a million mappings, of files whose paths have
 * kilobytes. */
static void end_run(const struct process *p, struct arena *a, struct run *run, struct modules *m)
{
    if (run->executable && m->n == META_MODULES_MAX)
        m->cut = true;
    else if (run->executable) {
        m->fds[m->n] = open_mapping(p, &run->first);
        m->entries[m->n++] = (struct meta_module){
            .path = path_of(run, a), .start = run->first.start, .end = run->end};
    }
    run->begun = run->executable = false;
}

static void begin_run(struct run *run, const struct procfs_mapping *mapping)
{
    run->begun = true;
    run->first = *mapping;
    buf_clear(&run->path);
    buf_add(&run->path, mapping->path.p, mapping->path.n);
}

/* Lines of anonymous memory between two mappings of a file do not part them: that is where its .bss
 * lies. */
static void read_mapping(const struct process *p, struct str line, struct arena *a, struct run *run,
                         struct modules *m)
{
    struct procfs_mapping mapping;

    if (procfs_parse_mapping(line, &mapping) != 0 || mapping.inode == 0)
        return;
    if (run->begun && !same_file(&run->first, &mapping))
        end_run(p, a, run, m);
    if (!run->begun)
        begin_run(run, &mapping);
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
    struct run run = {.path = BUF_INIT(LINE_BYTES_MAX)};
    ssize_t n;

    if (!maps)
        return;
    ret->entries = arena_array(a, struct meta_module, META_MODULES_MAX);
    ret->fds = arena_array(a, int, META_MODULES_MAX);
    while ((n = getline(&line, &capacity, maps)) > 0)
        read_mapping(p, (struct str){line, (size_t)n - (line[n - 1] == '\n')}, a, &run, ret);
    end_run(p, a, &run, ret);
    buf_fini(&run.path);
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

static uint64_t size_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* Takes what it copies off the budget. */
static int copy(const char *build_id, int fd, const struct spool *s, uint64_t max, uint64_t *budget)
{
    int r = shelf_add(s, build_id, fd, max < *budget ? max : *budget);
    uint64_t size = r == 0 ? size_of(fd) : 0;

    *budget -= size < *budget ? size : *budget;
    return r;
}

static int keep(struct meta_module *module, int path_fd, const struct spool *s, uint64_t max,
                uint64_t *budget, struct arena *a)
{
    _cleanup_fd_ int fd = open_regular(path_fd);
    char build_id[ELF_BUILD_ID_TEXT];
    int r;

    if (fd < 0 || elf_build_id_fd(fd, build_id) != 0)
        return 0;
    module->build_id = arena_strdup(a, build_id);
    r = shelf_has(s, build_id) ? 0 : copy(build_id, fd, s, max, budget);
    module->offered = r == 0;
    return r < 0 ? r : 0;
}

int modules_keep(struct modules *m, const struct spool *s, uint64_t module_max, struct arena *a)
{
    uint64_t budget = module_max < UINT64_MAX / 2 ? 2 * module_max : UINT64_MAX;
    int first = 0;

    for (size_t i = 0; i < m->n; i++) {
        int r = keep(&m->entries[i], m->fds[i], s, module_max, &budget, a);

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
