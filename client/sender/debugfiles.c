/* SPDX-License-Identifier: Apache-2.0 */
/* The host's separate debug files. The way to them is made of a build-id, which is checked, and of
 * a path and a name that a crashed process chose: it stays below the folder of debug files, which
 * is the distribution's, its last part is no symlink, and what it leads to counts only when its
 * build-id is the one that was looked for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "client/sender/modules.h"
#include "client/sidecar/debuglink.h"
#include "client/spool/shelf.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

#define NOTES_MAX 4096u /* sent in one go */

/* --- Finding --- */

bool modules_debug_path(const char *path, const char *build_id, const char *link, unsigned i,
                        char *ret, size_t size)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    int n = -1;

    if (i == 0)
        n = snprintf(ret, size, ".build-id/%.2s/%s.debug", build_id, build_id + 2);
    else if (i == 1 && slash && path[0] == '/' && !cstr_empty(link))
        n = snprintf(ret, size, "%.*s%s", (int)(slash + 1 - path - 1), path + 1, link);
    return n > 0 && (size_t)n < size;
}

/* Below the folder: neither ".." nor a symlink leads out of it (openat2(2)). */
static int open_below(int folder, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
}

/* A regular file of that build. */
static int open_matching(int folder, const char *path, const char *build_id)
{
    _cleanup_fd_ int fd = open_below(folder, path);
    char found[ELF_BUILD_ID_TEXT];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || elf_build_id_fd(fd, found) != 0 ||
        strcmp(found, build_id) != 0)
        return -1;
    return TAKE_FD(fd);
}

/* From the copy on the shelf, or from the file where it was mapped, whichever still is there. */
static bool read_link(const struct shipper *s, const struct meta_module *m,
                      char ret[static DEBUGLINK_SIZE])
{
    static const enum shelf_kind kinds[] = {SHELF_EXECUTABLE, SHELF_UNWIND};
    _cleanup_fd_ int fd = -1;
    char found[ELF_BUILD_ID_TEXT];
    struct bytes file;

    for (size_t i = 0; i < ARRAY_SIZE(kinds) && fd < 0; i++)
        (void)shelf_open(s->spool, m->build_id, kinds[i], &fd);
    if (fd < 0)
        fd = open(m->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 && elf_build_id_fd(fd, found) == 0 && strcmp(found, m->build_id) == 0 &&
           bytes_of_file(fd, &file) == 0 && debuglink_read(file, ret) == 0;
}

/* --- Noting --- */

static int fill_note(void *arg, int fd)
{
    const char *path = arg;

    return io_write(fd, path, strlen(path));
}

/* True when it was noted. */
static bool note(const struct shipper *s, int folder, const struct meta_module *m, const char *link,
                 unsigned i)
{
    char path[PATH_MAX];
    int fd;

    if (!modules_debug_path(m->path, m->build_id, link, i, path, sizeof(path)))
        return false;
    fd = open_matching(folder, path, m->build_id);
    if (fd < 0)
        return false;
    close(fd);
    return shelf_make(s->spool, m->build_id, SHELF_DEBUGINFO, strlen(path), fill_note, path) == 0;
}

/* The file by build-id first: for that one no further file is opened. */
static void note_module(const struct shipper *s, int folder, const struct meta_module *m)
{
    char link[DEBUGLINK_SIZE];

    if (!m->build_id || strlen(m->build_id) < 3 || !m->path || m->path[0] != '/' ||
        shelf_has(s->spool, m->build_id, SHELF_DEBUGINFO) || note(s, folder, m, NULL, 0))
        return;
    if (read_link(s, m, link))
        (void)note(s, folder, m, link, 1);
}

static int open_folder(void)
{
    return open(MODULES_DEBUG_FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void modules_note_debuginfo(const struct module_list *l)
{
    _cleanup_fd_ int folder = l->shipper->settings->debuginfo ? open_folder() : -1;

    for (size_t i = 0; i < l->meta->n_modules && folder >= 0; i++)
        note_module(l->shipper, folder, &l->meta->modules[i]);
}

/* --- Sending --- */

static int open_noted(const struct shipper *s, int folder, const char *build_id)
{
    _cleanup_buf_ struct buf path = BUF_INIT(PATH_MAX);
    _cleanup_fd_ int note_fd = -1;

    if (shelf_open(s->spool, build_id, SHELF_DEBUGINFO, &note_fd) != 0 ||
        io_read_fd(note_fd, &path) < 0)
        return -1;
    return open_matching(folder, buf_text(&path), build_id);
}

static bool fits(const struct shipper *s, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (uint64_t)st.st_size <= s->settings->module_max;
}

/* Asks first: all hosts of a fleet have the same file. */
static int send_file(const struct shipper *s, const char *build_id, int fd, struct arena *a,
                     struct upload *u)
{
    bool has;
    int r = upload_asks_module(s->connection, build_id, "debuginfo", a, u, &has);

    if (r < 0 || u->verdict != UPLOAD_DONE || has)
        return r;
    return upload_module(s->connection, build_id, "debuginfo", fd, a, u);
}

/* False when the server takes no more now. A note whose file is gone is dropped; the next crash
 * looks again. */
static bool send_noted(const struct shipper *s, int folder, const char *build_id)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int fd = open_noted(s, folder, build_id);
    struct upload u = {0};
    int r;

    if (fd < 0)
        return shelf_drop(s->spool, build_id, SHELF_DEBUGINFO) == 0;
    if (fits(s, fd)) {
        r = send_file(s, build_id, fd, &a, &u);
        if (r < 0 || (u.verdict != UPLOAD_DONE && u.verdict != UPLOAD_REFUSED))
            return false;
        log_line(u.verdict == UPLOAD_DONE ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
                 u.verdict == UPLOAD_DONE ? "the server has the debug information of a module"
                                          : "the server refused debug information",
                 LOG_STR("build_id", build_id), LOG_INT("status", u.status),
                 LOG_STR("detail", u.detail));
    }
    return shelf_mark_known(s->spool, build_id, SHELF_DEBUGINFO) == 0;
}

void modules_send_debuginfo(const struct shipper *s, bool (*stop)(void *arg), void *arg)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int folder = s->settings->debuginfo ? open_folder() : -1;
    char **ids;
    size_t n = 0;

    if (folder < 0 || shelf_list(s->spool, SHELF_DEBUGINFO, NOTES_MAX, &a, &ids, &n) < 0)
        return;
    for (size_t i = 0; i < n && !(stop && stop(arg)); i++)
        if (!send_noted(s, folder, ids[i]))
            return;
}
