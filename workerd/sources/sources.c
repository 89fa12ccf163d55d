/* SPDX-License-Identifier: Apache-2.0 */
/* Every candidate goes through open_regular and has_build_id before it is handed out: a path that a
 * core names may be a FIFO or a device, and a file of the right name may be of another build. */
#include "workerd/sources/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/core/elf.h"

#define PATH_SIZE      4096
#define DEBUG_FOLDER   "usr/lib/debug"
#define DELETED_SUFFIX " (deleted)" /* d_path(9) of an unlinked file */

/* --- Opening --- */

/* A name below root, for which root is the root folder: symlinks and ".." can't leave it
 * (openat2(2)). */
static int open_below(int root, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* Turns an O_PATH descriptor into a readable one if it is a regular file: nothing else is ever
 * opened for real. */
static int reopen_regular(int path_fd, int *ret)
{
    char name[64];
    struct stat st;

    if (fstat(path_fd, &st) < 0 || !S_ISREG(st.st_mode))
        return SOURCE_NOT_FOUND;
    snprintf(name, sizeof name, "/proc/self/fd/%d", path_fd);
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return SOURCE_NOT_FOUND;
    *ret = fd;
    return 0;
}

/* root NULL: the path as it is. */
static int open_regular(const char *root, const char *path, int *ret)
{
    _cleanup_fd_ int fd = -1;

    if (root && strcmp(root, "/") != 0) {
        _cleanup_fd_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (root_fd < 0)
            return SOURCE_NOT_FOUND;
        fd = open_below(root_fd, path);
    } else {
        fd = open(path, O_PATH | O_CLOEXEC);
    }
    return fd < 0 ? SOURCE_NOT_FOUND : reopen_regular(fd, ret);
}

/* A file without a build-id passes only when none is asked for. */
static bool has_build_id(int fd, const char *wanted)
{
    char found[ELF_BUILD_ID_TEXT];

    return !wanted || (elf_build_id_fd(fd, found) == 0 && strcmp(found, wanted) == 0);
}

static int open_matching(const char *root, const char *path, const char *build_id, int *ret)
{
    _cleanup_fd_ int fd = -1;
    int r = open_regular(root, path, &fd);

    if (r != 0)
        return r;
    if (!has_build_id(fd, build_id))
        return SOURCE_NOT_FOUND;
    *ret = TAKE_FD(fd);
    return 0;
}

static int open_stored(const struct module_sources *s, const char *build_id,
                       const enum module_kind *kinds, size_t n, int *ret)
{
    if (!s->store || !build_id)
        return SOURCE_NOT_FOUND;
    for (size_t i = 0; i < n; i++) {
        int r = blob_module_open(s->store, build_id, kinds[i], ret);

        if (r <= 0)
            return r;
    }
    return SOURCE_NOT_FOUND;
}

/* --- Modules --- */

static int open_mapped_path(const struct module_sources *s, const struct module_wanted *w, int *ret)
{
    char path[PATH_SIZE];
    size_t n = strlen(w->path);

    if (w->path[0] != '/' || n >= sizeof path || !s->sysroot)
        return SOURCE_NOT_FOUND;
    memcpy(path, w->path, n + 1);
    if (cstr_ends(path, DELETED_SUFFIX))
        path[n - strlen(DELETED_SUFFIX)] = '\0';
    return open_matching(s->sysroot, path, w->build_id, ret);
}

static int open_module(const struct module_sources *s, const struct module_wanted *w,
                       const enum module_kind *kinds, size_t n, int *ret_fd)
{
    int r = open_stored(s, w->build_id, kinds, n, ret_fd);

    if (r != SOURCE_NOT_FOUND || !s->local)
        return r;
    if (w->main && s->executable) {
        r = open_matching(NULL, s->executable, w->build_id, ret_fd);
        if (r != SOURCE_NOT_FOUND)
            return r;
    }
    return open_mapped_path(s, w, ret_fd);
}

int source_open_module(const struct module_sources *s, const struct module_wanted *w, int *ret_fd)
{
    static const enum module_kind kinds[] = {MODULE_EXECUTABLE, MODULE_UNWIND};

    return open_module(s, w, kinds, ARRAY_SIZE(kinds), ret_fd);
}

ssize_t source_read_module(const struct module_sources *s, const struct module_wanted *w,
                           uint64_t offset, void *p, size_t n)
{
    static const enum module_kind kinds[] = {MODULE_EXECUTABLE};
    _cleanup_fd_ int fd = -1;
    int r = open_module(s, w, kinds, ARRAY_SIZE(kinds), &fd);

    if (r != 0 || offset > INT64_MAX)
        return r < 0 ? r : 0;
    ssize_t got = pread(fd, p, n, (off_t)offset);

    return got < 0 ? -errno : got;
}

/* --- Debug information --- */

/* open_matching of a name made from a pattern. */
static int __attribute__((format(printf, 4, 5)))
open_named(const char *root, const char *build_id, int *ret, const char *pattern, ...)
{
    char path[PATH_SIZE];
    va_list ap;

    va_start(ap, pattern);
    int n = vsnprintf(path, sizeof path, pattern, ap);
    va_end(ap);

    if (n < 0 || (size_t)n >= sizeof path)
        return SOURCE_NOT_FOUND;
    return open_matching(root, path, build_id, ret);
}

static int open_by_id(const char *root, const char *folder, const char *build_id, int *ret)
{
    return open_named(root, build_id, ret, "%s/.build-id/%.2s/%s.debug", folder, build_id,
                      build_id + 2);
}

/* The places where gdb looks for a name in .gnu_debuglink: beside the file, and in .debug there. */
static int open_beside(const char *root, const char *folder, const char *module,
                       const char *build_id, const char *link, int *ret)
{
    const char *slash = strrchr(module, '/');
    int length = slash ? (int)(slash - module) + 1 : 0;
    int r = open_named(root, build_id, ret, "%s%.*s%s", folder, length, module, link);

    if (r != SOURCE_NOT_FOUND)
        return r;
    return open_named(root, build_id, ret, "%s%.*s.debug/%s", folder, length, module, link);
}

static int open_in_debug_folders(const struct module_sources *s, const struct module_wanted *w,
                                 const char *link, int *ret)
{
    int r = SOURCE_NOT_FOUND;

    for (size_t i = 0; i < s->n_debug_folders && r == SOURCE_NOT_FOUND; i++) {
        r = open_matching(NULL, s->debug_folders[i], w->build_id, ret); /* a file of it */
        if (r == SOURCE_NOT_FOUND)
            r = open_by_id(NULL, s->debug_folders[i], w->build_id, ret);
        if (r == SOURCE_NOT_FOUND && link)
            r = open_beside(NULL, s->debug_folders[i], w->path, w->build_id, link, ret);
    }
    return r;
}

/* A link is a bare file name, and only a matching build-id makes what it names trustworthy here:
 * its checksum would take a read of the whole file, and a build without build-ids has no place in a
 * store keyed by them. */
static int open_local_debug(const struct module_sources *s, const struct module_wanted *w,
                            const char *link, int *ret)
{
    if (!w->build_id || strlen(w->build_id) < 3)
        return SOURCE_NOT_FOUND;
    if (link && (*link == '\0' || strchr(link, '/')))
        link = NULL;
    int r = open_in_debug_folders(s, w, link, ret);

    if (r == SOURCE_NOT_FOUND && s->sysroot)
        r = open_by_id(s->sysroot, "/" DEBUG_FOLDER, w->build_id, ret);
    if (r == SOURCE_NOT_FOUND && s->sysroot && link)
        r = open_beside(s->sysroot, "", w->path, w->build_id, link, ret);
    if (r == SOURCE_NOT_FOUND && w->main && s->executable && link)
        r = open_beside(NULL, "", s->executable, w->build_id, link, ret);
    return r;
}

int source_open_debug(const struct module_sources *s, const struct module_wanted *w,
                      const char *debug_link, int *ret_fd)
{
    static const enum module_kind kinds[] = {MODULE_DEBUGINFO};
    int r = open_stored(s, w->build_id, kinds, ARRAY_SIZE(kinds), ret_fd);

    if (r != SOURCE_NOT_FOUND || !s->local)
        return r;
    return open_local_debug(s, w, debug_link, ret_fd);
}

/* A relative name counts from the folder of the debug file, FOLDER/.build-id/xx: Debian's packages
 * say ../../.dwz/NAME. */
static int open_in_folders(const struct module_sources *s, const char *build_id, const char *name,
                           int *ret)
{
    int r = SOURCE_NOT_FOUND;

    while (strncmp(name, "../", 3) == 0)
        name += 3;
    for (size_t i = 0; i < s->n_debug_folders && r == SOURCE_NOT_FOUND; i++)
        r = open_named(NULL, build_id, ret, "%s/%s", s->debug_folders[i], name);
    if (r == SOURCE_NOT_FOUND && s->sysroot)
        r = open_named(s->sysroot, build_id, ret, "/" DEBUG_FOLDER "/%s", name);
    return r;
}

int source_open_shared(const struct module_sources *s, const char *build_id, const char *name,
                       int *ret_fd)
{
    const struct module_wanted w = {.path = name, .build_id = build_id};
    const char *slash = strrchr(name, '/');
    int r = source_open_debug(s, &w, slash ? slash + 1 : name, ret_fd);

    if (r != SOURCE_NOT_FOUND || !s->local)
        return r;
    return name[0] == '/' ? open_mapped_path(s, &w, ret_fd)
                          : open_in_folders(s, build_id, name, ret_fd);
}

int source_open_by_build_id(const char *folder, const char *build_id, int *ret_fd)
{
    if (strlen(build_id) < 3)
        return SOURCE_NOT_FOUND;
    return open_by_id(NULL, folder, build_id, ret_fd);
}
