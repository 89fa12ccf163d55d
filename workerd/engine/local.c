/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/engine/local.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/daemon/sandbox.h"
#include "common/report/limits.h"
#include "workerd/analysis/unpack.h"
#include "workerd/engine/children.h"
#include "workerd/engine/mapped.h"
#include "workerd/engine/ours.h"
#include "workerd/engine/turns.h"
#include "workerd/sources/shelf.h"
#include "workerd/wire/serve.h"
#include "workerd/wire/verdict.h"

#define JOB_USEC    (600 * USEC_PER_SEC)
#define JOB_MEMORY  (8ull << 30)
#define JOB_FILE    (64ull << 30)
#define CACHE_QUOTA (2ull << 30)
#define PATH_SIZE   4096

#define SCRATCH_FOLDER "/var/tmp" /* without TMPDIR; file-hierarchy(7): for what is large */

struct local {
    const struct oneshot *oneshot;
    struct shelf shelf;
    struct arena *arena;
    bool built; /* an index: the cache may be too large now */
    struct turns turns;
    pid_t child; /* that analyses; 0: none */
};

/* What takes a second is no matter of turns. */
static bool goes_on(void *arg)
{
    struct local *l = arg;

    turns_end(&l->turns, l->child);
    return true;
}

/* --- Children --- */

typedef int job_function(const struct order *o, const struct parcel_fds *fds);

/* All but standard input and output, and the job's own: the cache, and the talk of another child,
 * are nothing that a job may have a hand in. */
static void close_others(const struct parcel_fds *fds)
{
    unsigned first = STDERR_FILENO + 1;

    while (first != 0) {
        unsigned next = ~0u;

        for (size_t i = 0; i < fds->n; i++) {
            unsigned fd = (unsigned)fds->list[i];

            if (fd >= first && fd < next)
                next = fd;
        }
        if (next > first)
            close_range(first, next - (next != ~0u), 0);
        first = next + 1;
    }
}

static void __attribute__((noreturn))
run_inside(job_function *job, const struct order *o, const struct parcel_fds *fds, pid_t parent)
{
    const struct sandbox walls = {.kind = SANDBOX_RECEIVES,
                                  .memory_bytes = o->memory_bytes,
                                  .cpu_seconds = o->cpu_seconds,
                                  .file_bytes = o->file_bytes};

    close_others(fds);
    if (sandbox_follow(parent) < 0 || sandbox_enter(&walls) < 0)
        _exit(STATUS_NO_SANDBOX);
    _exit(job(o, fds));
}

/* With what `o` says of the job itself. */
static pid_t start(job_function *job, struct order o, const struct parcel_fds *fds)
{
    o.memory_bytes = JOB_MEMORY;
    o.cpu_seconds = JOB_USEC / USEC_PER_SEC;
    o.file_bytes = JOB_FILE;

    /* fork(3) without what the C library does around it. */
    pid_t parent = getpid(), child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (child == 0)
        run_inside(job, &o, fds, parent);
    return child;
}

static int status_of_child(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* --- Indexes --- */

static int build(void *arg, const struct shelf_files *files, int out_fd, const char **ret_problem)
{
    struct parcel_fds fds = {.list = {out_fd}, .n = 1};
    struct local *l = arg;
    const struct order o = {.has =
                                files_pack(files->module, files->debuginfo, files->shared, &fds)};

    l->built = true;
    turns_end(&l->turns, l->child);
    pid_t pid = start(children_jobs.index, o, &fds);

    if (pid < 0)
        return -errno;
    switch (verdict_of_index(status_of_child(pid), ret_problem)) {
    case VERDICT_DONE:
        return 0;
    case VERDICT_FAILED:
        return SHELF_REFUSED;
    default:
        return -EIO;
    }
}

static struct module_wanted wanted(const struct wire_want *w)
{
    return (struct module_wanted){
        .path = w->path,
        .build_id = w->build_id[0] ? w->build_id : NULL,
        .main = w->main,
    };
}

static int give(void *arg, const struct wire_want *want, struct vigil *v, int *ret_fd,
                const char **ret_problem)
{
    struct local *l = arg;
    const struct module_wanted w = wanted(want);

    (void)v;
    switch (shelf_open(&l->shelf, &w, ret_fd, ret_problem)) {
    case 0:
        return 0;
    case SHELF_REFUSED:
        return WIRE_GIVES_REFUSAL;
    default:
        return WIRE_GIVES_NONE;
    }
}

static int give_files(void *arg, const struct wire_want *want, struct parcel_fds *ret_fds,
                      uint32_t *ret_has)
{
    const struct local *l = arg;
    const struct module_wanted w = wanted(want);
    struct shelf_files files;

    if (shelf_open_files(&l->shelf, &w, &files) != 0)
        return WIRE_GIVES_NONE;
    *ret_has = files_pack(files.module, files.debuginfo, files.shared, ret_fds);
    return 0;
}

static ssize_t give_code(void *arg, const struct wire_want *want, uint64_t offset, void *p,
                         size_t n)
{
    const struct local *l = arg;
    const struct module_wanted w = wanted(want);

    return source_read_module(&l->shelf.sources, &w, offset, p, n);
}

/* --- One analysis --- */

static int serve(struct local *l, int socket, struct buf *result)
{
    const struct wire_provider provider = {
        .give = give, .give_files = give_files, .give_code = give_code, .arg = l};
    struct vigil v;

    vigil_begin(&v, JOB_USEC, goes_on, l);
    return wire_serve(socket, &v, &provider, result);
}

enum { ATTEMPT_FAILED = 1 }; /* the child: ret->problem says why */

/* What a core does to the child is the core's problem, not this program's. */
static int judge(struct local *l, int served, int status, const struct buf *result,
                 struct analysis *ret)
{
    const char *problem = "the analysis gave a result that cannot be read";
    const struct str text = {buf_text(result), result->len};

    switch (verdict_of_analysis(status, &problem)) {
    case VERDICT_HOST:
        return -EIO;
    case VERDICT_DONE:
        if (served == 0 && analysis_parse(text, l->arena, ret) == 0)
            return 0;
        break;
    case VERDICT_FAILED:
        break;
    }
    *ret = (struct analysis){.problem = problem};
    return ATTEMPT_FAILED;
}

/* Large cores are unpacked to disk, if there is room for them; else into memory. */
static int open_scratch(void)
{
    const char *named = getenv("TMPDIR");
    const char *folder = named && *named == '/' ? named : SCRATCH_FOLDER;
    _cleanup_fd_ int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct statvfs s;

    if (fd >= 0 && fstatvfs(fd, &s) == 0 &&
        (uint64_t)s.f_bavail * s.f_frsize / 2 >= UNPACK_MEMFD_MAX)
        return TAKE_FD(fd);
    return memfd_create("core", MFD_CLOEXEC);
}

static int attempt(struct local *l, int core_fd, bool variables, struct analysis *ret)
{
    _cleanup_buf_ struct buf result = BUF_INIT(ANALYSIS_JSON_MAX);
    bool packed = unpack_is_packed(core_fd);
    _cleanup_fd_ int scratch = packed ? open_scratch() : -1;
    int ends[2];
    int r = packed && scratch < 0 ? -errno : parcel_pair(ends);

    if (r < 0)
        return r;
    const struct parcel_fds fds = {.list = {core_fd, ends[1], scratch}, .n = 3};

    turns_begin(&l->turns);
    pid_t pid = l->child =
        start(children_jobs.analyse, (struct order){.variables = variables}, &fds);

    close(ends[1]);
    r = pid < 0 ? -errno : serve(l, ends[0], &result);
    close(ends[0]);
    if (pid < 0)
        return r;
    return judge(l, r, status_of_child(pid), &result, ret);
}

/* Debug information that is read for variables may be hostile: a stack must not be lost by it. */
static int analyse_in_child(struct local *l, int core_fd, struct analysis *ret)
{
    int r = attempt(l, core_fd, l->oneshot->variables, ret);

    if (r == ATTEMPT_FAILED && l->oneshot->variables) {
        fprintf(stderr, "corral-workerd --analyse: with variables: %s\n", ret->problem);
        r = attempt(l, core_fd, false, ret);
    }
    return r < 0 ? r : 0;
}

/* Of modules that no frame was in the engine knows nothing. */
static void complete_modules(struct local *l, struct analysis *an)
{
    for (size_t i = 0; i < an->n_modules; i++) {
        struct module *m = &an->modules[i];
        const struct module_wanted w = {
            .path = m->path,
            .build_id = m->build_id,
            .main = an->executable && strcmp(an->executable, m->path) == 0,
        };

        if (m->status == MODULE_MISSING && !m->problem)
            m->status = shelf_status(&l->shelf, &w);
    }
}

/* --- Many, in this process --- */

#define KNOWN_MAX 256u

struct known {
    char path[PATH_SIZE];
    struct fetched_index index;
};

struct repeater {
    struct local *local;
    struct known *list;
    size_t n;
};

static struct fetched_index fetch_new(struct local *l, const struct image_module *m)
{
    const struct module_wanted w = {.path = m->path, .build_id = m->build_id, .main = m->main};
    _cleanup_fd_ int fd = -1;
    struct mapped mapped;
    const char *problem;

    if (shelf_open(&l->shelf, &w, &fd, &problem) != 0 || mapped_open(fd, &mapped) < 0)
        return (struct fetched_index){0};
    return (struct fetched_index){.data = mapped.data, .size = mapped.size};
}

static struct fetched_index fetch(void *arg, const struct image_module *m)
{
    struct repeater *r = arg;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->list[i].path, m->path) == 0)
            return r->list[i].index;
    struct fetched_index found = fetch_new(r->local, m);

    if (r->n < KNOWN_MAX) {
        snprintf(r->list[r->n].path, sizeof r->list[r->n].path, "%s", m->path);
        r->list[r->n++].index = found;
    }
    return found;
}

static size_t fetch_code(void *arg, const struct image_module *m, uint64_t offset, void *p,
                         size_t n)
{
    const struct repeater *r = arg;
    const struct module_wanted w = {.path = m->path, .build_id = m->build_id, .main = m->main};
    ssize_t got = source_read_module(&r->local->shelf.sources, &w, offset, p, n);

    return got > 0 ? (size_t)got : 0;
}

static int analyse_often(struct local *l, int core_fd, struct analysis *ret)
{
    const struct analyse_input in = {.core_fd = core_fd, .scratch_fd = -1};
    _cleanup_free_ struct known *list = calloc(KNOWN_MAX, sizeof *list);
    struct repeater repeater = {.local = l, .list = list};
    const struct index_fetcher fetcher = {.fetch = fetch, .code = fetch_code, .arg = &repeater};
    int64_t second = 0;
    int r = list ? 0 : -ENOMEM;

    for (unsigned i = 0; i < l->oneshot->repeat && r == 0; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        bool last = i + 1 == l->oneshot->repeat;

        if (i == 1)
            second = clock_mono();
        r = ours_analyse(&in, &fetcher, last ? l->arena : &a, ret);
    }
    fprintf(stderr, "%u analyses after the first, %.1f usec each\n", l->oneshot->repeat - 1,
            (double)(clock_mono() - second) / (double)(l->oneshot->repeat - 1));
    return r;
}

/* --- All of it --- */

/* After su(1) and sudo(8) the environment may name folders of another user, who would decide what
 * an index says, and what a symlink there has this process make or drop. */
static bool is_own_folder(const char *path)
{
    struct stat st;

    return path && *path == '/' && stat(path, &st) == 0 && st.st_uid == geteuid();
}

/* Where the indexes of one user are kept: $CORRAL_CACHE, or corral in the folder of caches (XDG
 * Base Directory Specification). NULL: nowhere. */
static const char *cache_folder(const struct oneshot *o, struct arena *a)
{
    const char *folder = o->cache ? o->cache : getenv("CORRAL_CACHE");
    const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (folder)
        return *folder ? folder : NULL;
    if (caches && *caches == '/')
        return is_own_folder(caches) ? arena_printf(a, "%s/corral", caches) : NULL;
    return is_own_folder(home) ? arena_printf(a, "%s/.cache/corral", home) : NULL;
}

int local_analyse(const struct oneshot *o, int core_fd, struct arena *a, struct analysis *ret)
{
    struct local l = {
        .oneshot = o,
        .shelf = {.sources = o->sources, .quota = CACHE_QUOTA, .build = build},
        .arena = a,
    };

    l.shelf.folder = cache_folder(o, a);
    l.shelf.arg = &l;
    int r = o->repeat > 1 ? analyse_often(&l, core_fd, ret) : analyse_in_child(&l, core_fd, ret);

    if (l.built)
        shelf_prune(&l.shelf);
    if (r == 0)
        complete_modules(&l, ret);
    return r;
}
