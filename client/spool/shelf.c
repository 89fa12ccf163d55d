/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/report/limits.h"

#define PATH_SIZE  (BUILD_ID_TEXT_SIZE + 32)
#define BLOCK_SIZE (256 * 1024)

/* The build-id and a suffix, in the folder of modules. A build-id is checked here, once for all: it
 * is the only name in a path that comes from outside. */
static int path_of(const char *build_id, const char *suffix, char ret[static PATH_SIZE])
{
    if (!hex_valid(str_from(build_id), BUILD_ID_TEXT_SIZE - 1))
        return SHELF_BAD_NAME;
    snprintf(ret, PATH_SIZE, "%s%s", build_id, suffix);
    return 0;
}

static bool exists(const struct spool *s, const char *build_id, const char *suffix)
{
    char path[PATH_SIZE];

    return path_of(build_id, suffix, path) == 0 &&
           faccessat(s->modules, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool shelf_has(const struct spool *s, const char *build_id)
{
    return exists(s, build_id, "") || exists(s, build_id, ".known");
}

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

static int write_copy(const struct spool *s, const char *path, int from, uint64_t size)
{
    _cleanup_fd_ int fd =
        openat(s->modules, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = copy_bytes(from, fd, size);
    if (r == 0)
        r = spool_own(s, fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

int shelf_add(const struct spool *s, const char *build_id, int fd, uint64_t max)
{
    char path[PATH_SIZE], temporary[PATH_SIZE], tag[17];
    struct stat st;
    uint64_t random;
    int r = path_of(build_id, "", path);

    if (r)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((uint64_t)st.st_size > max || (uint64_t)st.st_size > spool_room(s->modules))
        return SHELF_TOO_LARGE;
    random_bytes(&random, sizeof(random));
    hex_encode(&random, sizeof(random), tag);
    snprintf(temporary, sizeof(temporary), SPOOL_TMP "%s", tag);
    r = write_copy(s, temporary, fd, (uint64_t)st.st_size);
    if (r == 0 && renameat(s->modules, temporary, s->modules, path) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(s->modules, temporary, 0);
    return r;
}

int shelf_open(const struct spool *s, const char *build_id, int *ret_fd)
{
    char path[PATH_SIZE];
    int fd, r = path_of(build_id, "", path);

    if (r)
        return r;
    fd = openat(s->modules, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? SHELF_NONE : -errno;
    *ret_fd = fd;
    return 0;
}

static int remove_file(const struct spool *s, const char *build_id, const char *suffix)
{
    char path[PATH_SIZE];
    int r = path_of(build_id, suffix, path);

    if (r)
        return r;
    return unlinkat(s->modules, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int shelf_mark_known(const struct spool *s, const char *build_id)
{
    _cleanup_fd_ int fd = -1;
    char path[PATH_SIZE];
    int r = path_of(build_id, ".known", path);

    if (r)
        return r;
    fd = openat(s->modules, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    return remove_file(s, build_id, "");
}

int shelf_unmark_known(const struct spool *s, const char *build_id)
{
    return remove_file(s, build_id, ".known");
}
