/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/process/landmarks.h"
#include "client/sidecar/sidecar.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

#define LINE_BYTES_MAX (8u * PATH_MAX) /* of maps: four bytes for one that is escaped */
#define FIRST_PAGE     4096
#define SIDECAR_MEMORY (16u * 1024 * 1024) /* of the tables of one file */

/* --- While the process is held --- */

/* The run of adjacent mappings of one file that is being read. */
struct run {
    struct procfs_mapping first; /* its path is not used */
    uint64_t end;
    bool begun, executable;
    struct buf path; /* as the kernel wrote it */
};

/* One reading of maps. With landmarks only what matters goes first, and of the rest as many as
 * there is room for behind it. */
struct reading {
    const struct process *process;
    struct arena *arena;
    struct modules *modules;
    const struct landmarks *landmarks; /* NULL: all are equal */
    bool counting;                     /* those that matter, and nothing else */
    size_t matter, next;               /* how many matter; where the next other one goes */
    struct run run;
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

/* Every stack ends in the C library or the loader, and a debugger can do little without them. */
static bool is_runtime(const struct run *run)
{
    struct str path = {run->path.data, run->path.len};
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

    if (!slash)
        return false;
    path.n -= (size_t)(slash + 1 - path.p);
    path.p = slash + 1;
    return str_starts(path, STR("libc.so")) || str_starts(path, STR("libc-")) ||
           str_starts(path, STR("ld-")) || str_starts(path, STR("libpthread"));
}

static bool matters(const struct reading *g)
{
    return g->landmarks &&
           (landmarks_any(g->landmarks, g->run.first.start, g->run.end) || is_runtime(&g->run));
}

/* Only what is kept goes into the arena: there may be a million mappings, of files whose paths have
 * kilobytes. */
static void put(struct reading *g, size_t at)
{
    struct modules *m = g->modules;

    m->fds[at] = open_mapping(g->process, &g->run.first);
    m->entries[at] = (struct meta_module){
        .path = path_of(&g->run, g->arena), .start = g->run.first.start, .end = g->run.end};
}

static void end_run(struct reading *g)
{
    struct modules *m = g->modules;
    bool matter = g->run.executable && matters(g);

    if (g->counting)
        g->matter += matter && g->matter < META_MODULES_MAX;
    else if (matter && m->n < g->matter)
        put(g, m->n++);
    else if (g->run.executable && g->next < META_MODULES_MAX)
        put(g, g->next++);
    else if (g->run.executable)
        m->cut = true;
    g->run.begun = g->run.executable = false;
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
static void read_mapping(struct reading *g, struct str line)
{
    struct procfs_mapping mapping;

    if (procfs_parse_mapping(line, &mapping) != 0 || mapping.inode == 0)
        return;
    if (g->run.begun && !same_file(&g->run.first, &mapping))
        end_run(g);
    if (!g->run.begun)
        begin_run(&g->run, &mapping);
    g->run.end = mapping.end;
    g->run.executable |= mapping.executable;
}

/* The kernel bounds a line: a path has at most PATH_MAX bytes, four of them for one that is
 * escaped. */
static void read_maps(struct reading *g)
{
    int fd = openat(g->process->dir, "maps", O_RDONLY | O_CLOEXEC);
    _cleanup_file_ FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
    _cleanup_free_ char *line = NULL;
    size_t capacity = 0;
    ssize_t n;

    if (!maps)
        return;
    g->run = (struct run){.path = BUF_INIT(LINE_BYTES_MAX)};
    while ((n = getline(&line, &capacity, maps)) > 0)
        read_mapping(g, (struct str){line, (size_t)n - (line[n - 1] == '\n')});
    end_run(g);
    buf_fini(&g->run.path);
}

/* The process does not run, so that a second and a third reading tell the same, unless it is killed
 * meanwhile. */
static void close_gap(struct reading *g)
{
    struct modules *m = g->modules;
    size_t others = g->next - g->matter;

    memmove(m->entries + m->n, m->entries + g->matter, others * sizeof(m->entries[0]));
    memmove(m->fds + m->n, m->fds + g->matter, others * sizeof(m->fds[0]));
    m->n += others;
}

static void read_what_matters(struct reading *g)
{
    struct landmarks landmarks;
    struct modules *m = g->modules;

    modules_close(m);
    landmarks_read(g->process->dir, &landmarks);
    g->landmarks = &landmarks;
    g->counting = true;
    read_maps(g);
    g->counting = false;
    m->n = 0;
    g->next = g->matter;
    read_maps(g);
    close_gap(g);
    landmarks_free(&landmarks);
}

void modules_read(const struct process *p, struct arena *a, struct modules *ret)
{
    struct reading g = {.process = p, .arena = a, .modules = ret};

    ret->entries = arena_array(a, struct meta_module, META_MODULES_MAX);
    ret->fds = arena_array(a, int, META_MODULES_MAX);
    read_maps(&g);
    ret->n = g.next;
    if (ret->cut)
        read_what_matters(&g);
}

/* --- From memory --- */

static bool read_all(const struct slim_source *source, uint64_t address, void *p, size_t n)
{
    return source->read(source->arg, address, p, n) == (ssize_t)n;
}

/* Notes of a loaded file lie at the address of their segment, which is counted from that of the
 * first one. */
static int search_notes(const struct slim_source *source, uint64_t base,
                        const struct elf_segment *s, char ret[static ELF_BUILD_ID_TEXT])
{
    uint8_t notes[FIRST_PAGE];
    struct elf_note note;
    size_t offset = 0, size = s->filesz < sizeof(notes) ? (size_t)s->filesz : sizeof(notes);

    if (size == 0 || !read_all(source, base + s->vaddr, notes, size))
        return ELF_NO_BUILD_ID;
    while (elf_note_next(notes, size, s->align, &offset, &note) == 0) {
        if (note.type != NT_GNU_BUILD_ID || note.name_size != sizeof(ELF_NOTE_GNU) ||
            memcmp(note.name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0 || note.desc_size == 0 ||
            note.desc_size > ELF_BUILD_ID_MAX)
            continue;
        hex_encode(note.desc, note.desc_size, ret);
        return 0;
    }
    return ELF_NO_BUILD_ID;
}

/* The first segment's address, by which all were moved: 0 in a library. */
static bool first_address(const struct elf_view *v, uint64_t *ret)
{
    struct elf_segment s;

    for (uint32_t i = 0; i < v->phnum && elf_segment(v, i, &s) == 0; i++)
        if (s.type == PT_LOAD) {
            *ret = s.vaddr - s.offset;
            return true;
        }
    return false;
}

int modules_build_id(const struct slim_source *source, uint64_t address,
                     char ret[static ELF_BUILD_ID_TEXT])
{
    uint8_t page[FIRST_PAGE];
    ssize_t n = source->read(source->arg, address, page, sizeof(page));
    uint64_t budget = MODULES_IDENTIFY_MAX, first;
    struct elf_segment s;
    struct elf_view v;

    if (n <= 0 || elf_open(page, (size_t)n, &v) != 0)
        return ELF_NO_BUILD_ID;
    if (elf_build_id(&v, ret) == 0)
        return 0;
    if (!first_address(&v, &first))
        return ELF_NO_BUILD_ID;
    for (uint32_t i = 0; i < v.phnum && elf_segment(&v, i, &s) == 0; i++) {
        if (s.type != PT_NOTE || budget < FIRST_PAGE)
            continue;
        budget -= FIRST_PAGE;
        if (search_notes(source, address - first, &s, ret) == 0)
            return 0;
    }
    return ELF_NO_BUILD_ID;
}

void modules_identify(struct modules *m, const struct slim_source *source, struct arena *a)
{
    char build_id[ELF_BUILD_ID_TEXT];

    for (size_t i = 0; i < m->n; i++)
        if (!m->entries[i].build_id && modules_build_id(source, m->entries[i].start, build_id) == 0)
            m->entries[i].build_id = arena_strdup(a, build_id);
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

/* What one crash may put on the shelf, and as what. */
struct policy {
    const struct spool *spool;
    enum shelf_kind kind;
    bool offer;
    uint64_t max, budget; /* bytes: of one file, and of all that are still to come */
};

static struct policy policy_of(const struct spool *s, const struct settings *settings)
{
    uint64_t max = settings->module_max;

    return (struct policy){
        .spool = s,
        .kind = strcmp(settings->modules, "unwind") == 0 ? SHELF_UNWIND : SHELF_EXECUTABLE,
        .offer = strcmp(settings->modules, "none") != 0,
        .max = max,
        .budget = max < UINT64_MAX / 2 ? 2 * max : UINT64_MAX,
    };
}

static uint64_t limit(const struct policy *p)
{
    return p->max < p->budget ? p->max : p->budget;
}

static void spend(struct policy *p, uint64_t bytes)
{
    p->budget -= bytes < p->budget ? bytes : p->budget;
}

static int copy_whole(struct policy *p, const char *build_id, int fd)
{
    struct stat st;
    int r = shelf_add(p->spool, build_id, fd, limit(p));

    if (r == 0 && fstat(fd, &st) == 0)
        spend(p, (uint64_t)st.st_size);
    return r;
}

static int fill_sidecar(void *arg, int fd)
{
    return sidecar_write_fd(arg, fd);
}

/* A file that no sidecar can be made of is not offered. */
static int copy_sidecar(struct policy *p, const char *build_id, int fd)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(SIDECAR_MEMORY);
    struct sidecar s;
    struct bytes file;
    int r = bytes_of_file(fd, &file);

    if (r == 0)
        r = sidecar_plan(file, &a, &s);
    if (r == 0 && s.kept > limit(p))
        r = SHELF_TOO_LARGE;
    if (r == 0)
        r = shelf_make(p->spool, build_id, p->kind, s.kept, fill_sidecar, &s);
    if (r == 0)
        spend(p, s.kept);
    return r;
}

/* True when nothing is to be read: it is known what it is, and there is nothing to copy. */
static bool is_done(struct meta_module *module, const struct policy *p)
{
    if (!module->build_id)
        return false;
    if (!p->offer)
        return true;
    module->offered = shelf_has(p->spool, module->build_id, p->kind);
    return module->offered;
}

/* What memory says a file is, and what the file says, are the same unless it was changed since:
 * then it is not what crashed. */
static int keep(struct meta_module *module, int path_fd, struct policy *p, struct arena *a)
{
    char build_id[ELF_BUILD_ID_TEXT];
    int r;

    if (is_done(module, p))
        return 0;
    _cleanup_fd_ int fd = open_regular(path_fd);

    if (fd < 0 || elf_build_id_fd(fd, build_id) != 0)
        return 0;
    if (!module->build_id)
        module->build_id = arena_strdup(a, build_id);
    if (strcmp(module->build_id, build_id) != 0 || is_done(module, p))
        return 0;
    r = p->kind == SHELF_UNWIND ? copy_sidecar(p, build_id, fd) : copy_whole(p, build_id, fd);
    module->offered = r == 0;
    return r < 0 ? r : 0;
}

int modules_keep(struct modules *m, const struct spool *s, const struct settings *settings,
                 struct arena *a)
{
    struct policy policy = policy_of(s, settings);
    int first = 0;

    for (size_t i = 0; i < m->n; i++) {
        int r = keep(&m->entries[i], m->fds[i], &policy, a);

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
