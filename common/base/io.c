/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"

#define TREE_DEPTH_MAX 16 /* io_remove_tree: ours are never deeper */

ssize_t io_read(int fd, void *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = read(fd, (char *)p + done, n - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

ssize_t io_pread(int fd, void *p, size_t n, off_t offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, (char *)p + done, n - done, offset + (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int io_write(int fd, const void *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = write(fd, (const char *)p + done, n - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        done += (size_t)put;
    }
    return 0;
}

int io_read_fd(int fd, struct buf *b)
{
    char block[16384];

    for (;;) {
        ssize_t got = io_read(fd, block, sizeof(block));

        if (got < 0)
            return (int)got;
        if (got == 0)
            return buf_error(b);
        buf_add(b, block, (size_t)got);
        if (buf_error(b))
            return buf_error(b);
    }
}

int io_read_file(int dir_fd, const char *path, struct buf *b)
{
    _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    return io_read_fd(fd, b);
}

int io_sync_dir(int dir_fd, const char *path)
{
    _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

/* The folder part of a path: "." when it has none. */
static int parent_of(const char *path, char ret[static PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    if (n >= PATH_MAX)
        return -ENAMETOOLONG;
    if (!slash)
        strcpy(ret, ".");
    else if (n == 0)
        strcpy(ret, "/");
    else {
        memcpy(ret, path, n);
        ret[n] = '\0';
    }
    return 0;
}

static int write_temporary(int dir_fd, const char *name, const void *p, size_t n, mode_t mode,
                           bool sync)
{
    _cleanup_fd_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int r;

    if (fd < 0)
        return -errno;
    r = io_write(fd, p, n);
    if (r == 0 && sync && fsync(fd) < 0)
        r = -errno;
    /* A delayed write error may only show at close (close(2), NOTES). */
    if (close(TAKE_FD(fd)) < 0 && r == 0)
        r = -errno;
    return r;
}

static int replace(int dir_fd, const char *path, const void *p, size_t n, mode_t mode, bool sync)
{
    char temporary[PATH_MAX], parent[PATH_MAX], tag[17];
    uint64_t random;
    int r;

    random_bytes(&random, sizeof(random));
    hex_encode(&random, sizeof(random), tag);
    if (snprintf(temporary, sizeof(temporary), "%s.%s.tmp", path, tag) >= PATH_MAX)
        return -ENAMETOOLONG;
    r = write_temporary(dir_fd, temporary, p, n, mode, sync);
    if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlinkat(dir_fd, temporary, 0);
        return r;
    }
    if (!sync)
        return 0;
    r = parent_of(path, parent);
    return r < 0 ? r : io_sync_dir(dir_fd, parent);
}

int io_publish(int dir_fd, const char *path, const void *p, size_t n, mode_t mode)
{
    return replace(dir_fd, path, p, n, mode, true);
}

int io_replace(int dir_fd, const char *path, const void *p, size_t n, mode_t mode)
{
    return replace(dir_fd, path, p, n, mode, false);
}

int io_mkdirs(int dir_fd, const char *path, mode_t mode)
{
    char prefix[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof(prefix))
        return -ENAMETOOLONG;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (mkdirat(dir_fd, prefix, mode) < 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int remove_tree(int dir_fd, const char *path, unsigned depth);

static int remove_content(int fd, unsigned depth)
{
    _cleanup_dir_ DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int r;

    if (!dir) {
        r = -errno;
        close(fd);
        return r;
    }
    while ((errno = 0, entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        r = remove_tree(dirfd(dir), entry->d_name, depth + 1);
        if (r < 0)
            return r;
    }
    return -errno;
}

static int remove_tree(int dir_fd, const char *path, unsigned depth)
{
    int fd, r;

    if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    if (depth > TREE_DEPTH_MAX)
        return -ELOOP;
    fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = remove_content(fd, depth);
    if (r < 0)
        return r;
    return unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int io_remove_tree(int dir_fd, const char *path)
{
    return remove_tree(dir_fd, path, 0);
}

int io_repair_stdio(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return -errno;
    } while (fd <= 2);
    close(fd);
    return 0;
}
