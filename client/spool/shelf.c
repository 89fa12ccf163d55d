/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "client/spool/usage.h"
#include "common/base/io.h"
#include "common/report/limits.h"

#define PATH_SIZE  (BUILD_ID_TEXT_SIZE + 64)
#define BLOCK_SIZE (256 * 1024)

static const char *const suffixes[SHELF_KIND_COUNT] = {
    [SHELF_EXECUTABLE] = "",
    [SHELF_UNWIND] = ".unwind",
    [SHELF_DEBUGINFO] = ".debuginfo",
};

#define COPY  ""
#define KNOWN ".known"

/* In the folder of modules. A build-id is checked here, once for all: it is the only name in a path
 * that comes from outside. */
static int path_of(const char *build_id, enum shelf_kind kind, const char *suffix,
                   char ret[static PATH_SIZE])
{
    if (!hex_valid(str_from(build_id), BUILD_ID_TEXT_SIZE - 1))
        return SHELF_BAD_NAME;
    snprintf(ret, PATH_SIZE, "%s%s%s", build_id, suffixes[kind], suffix);
    return 0;
}

static bool exists(const struct spool *s, const char *build_id, enum shelf_kind kind,
                   const char *suffix)
{
    char path[PATH_SIZE];
    struct stat st;

    return path_of(build_id, kind, suffix, path) == 0 &&
           fstatat(s->modules, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool shelf_knows(const struct spool *s, const char *build_id, enum shelf_kind kind)
{
    return exists(s, build_id, kind, KNOWN);
}

bool shelf_has(const struct spool *s, const char *build_id, enum shelf_kind kind)
{
    return exists(s, build_id, kind, COPY) || shelf_knows(s, build_id, kind);
}

/* --- Making --- */

/* In the kernel where it can (a reflink costs nothing), through a buffer where it can't: other file
 * systems, old kernels. */
static int copy_bytes(int from, int to, uint64_t size)
{
    _cleanup_free_ char *block = NULL;
    off_t at = 0;

    while ((uint64_t)at < size) {
        ssize_t n = copy_file_range(from, &at, to, NULL, (size_t)(size - (uint64_t)at), 0);

        if (n <= 0)
            break;
    }
    if ((uint64_t)at < size && !(block = malloc(BLOCK_SIZE)))
        return -ENOMEM;
    while ((uint64_t)at < size) {
        ssize_t n = io_pread(from, block, BLOCK_SIZE, at);
        int r = n <= 0 ? (n < 0 ? (int)n : -EIO) : io_write(to, block, (size_t)n);

        if (r < 0)
            return r;
        at += n;
    }
    return 0;
}

static int write_file(const struct spool *s, const char *path, int (*fill)(void *arg, int fd),
                      void *arg)
{
    _cleanup_fd_ int fd =
        openat(s->modules, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = fill(arg, fd);
    if (r == 0)
        r = spool_own(s, fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

int shelf_make(const struct spool *s, const char *build_id, enum shelf_kind kind, uint64_t size,
               int (*fill)(void *arg, int fd), void *arg)
{
    char path[PATH_SIZE], temporary[PATH_SIZE], tag[17];
    uint64_t random;
    int r = path_of(build_id, kind, COPY, path);

    if (r)
        return r;
    if (size > spool_room(s->modules))
        return SHELF_TOO_LARGE;
    random_bytes(&random, sizeof(random));
    hex_encode(&random, sizeof(random), tag);
    snprintf(temporary, sizeof(temporary), SPOOL_TMP "%s", tag);
    r = write_file(s, temporary, fill, arg);
    if (r == 0 && renameat(s->modules, temporary, s->modules, path) < 0)
        r = -errno;
    if (r == 0)
        usage_add(s, size);
    else if (r < 0)
        (void)unlinkat(s->modules, temporary, 0);
    return r;
}

struct original {
    int fd;
    uint64_t size;
};

static int fill_copy(void *arg, int fd)
{
    const struct original *o = arg;

    return copy_bytes(o->fd, fd, o->size);
}

int shelf_add(const struct spool *s, const char *build_id, int fd, uint64_t max)
{
    struct original o = {.fd = fd};
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    o.size = (uint64_t)st.st_size;
    if (o.size > max)
        return SHELF_TOO_LARGE;
    return shelf_make(s, build_id, SHELF_EXECUTABLE, o.size, fill_copy, &o);
}

/* --- What the server has --- */

/* The build-id in a name of that kind; the empty slice in another one. */
static struct str id_of(const char *name, enum shelf_kind kind)
{
    struct str s = str_from(name), suffix = str_from(suffixes[kind]);

    if (!str_ends(s, suffix))
        return (struct str){"", 0};
    s.n -= suffix.n;
    return hex_valid(s, BUILD_ID_TEXT_SIZE - 1) ? s : (struct str){"", 0};
}

int shelf_list(const struct spool *s, enum shelf_kind kind, size_t max, struct arena *a,
               char ***ret_ids, size_t *ret_n)
{
    int fd = openat(s->modules, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    char **ids = arena_array(a, char *, max);
    struct dirent *entry;
    size_t n = 0;

    if (!dir)
        return -errno;
    while (n < max && (entry = readdir(dir))) {
        struct str id = id_of(entry->d_name, kind);

        if (id.n > 0)
            ids[n++] = arena_strndup(a, id.p, id.n);
    }
    *ret_ids = ids;
    *ret_n = n;
    return 0;
}

int shelf_open(const struct spool *s, const char *build_id, enum shelf_kind kind, int *ret_fd)
{
    char path[PATH_SIZE];
    int fd, r = path_of(build_id, kind, COPY, path);

    if (r)
        return r;
    fd = openat(s->modules, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? SHELF_NONE : -errno;
    *ret_fd = fd;
    return 0;
}

static int remove_file(const struct spool *s, const char *build_id, enum shelf_kind kind,
                       const char *suffix)
{
    char path[PATH_SIZE];
    int r = path_of(build_id, kind, suffix, path);

    if (r)
        return r;
    return unlinkat(s->modules, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int shelf_drop(const struct spool *s, const char *build_id, enum shelf_kind kind)
{
    return remove_file(s, build_id, kind, COPY);
}

int shelf_mark_known(const struct spool *s, const char *build_id, enum shelf_kind kind)
{
    _cleanup_fd_ int fd = -1;
    char path[PATH_SIZE];
    int r = path_of(build_id, kind, KNOWN, path);

    if (r)
        return r;
    fd = openat(s->modules, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    return remove_file(s, build_id, kind, COPY);
}

int shelf_unmark_known(const struct spool *s, const char *build_id, enum shelf_kind kind)
{
    return remove_file(s, build_id, kind, KNOWN);
}
