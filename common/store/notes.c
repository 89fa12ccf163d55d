/* SPDX-License-Identifier: Apache-2.0 */
#include "common/store/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define FILE_MODE 0640

static int path_of(const char *folder, const char *name, char ret[static NOTE_PATH_SIZE])
{
    return snprintf(ret, NOTE_PATH_SIZE, "%s/%s", folder, name) < NOTE_PATH_SIZE ? 0
                                                                                 : -ENAMETOOLONG;
}

/* One that was left by an upload which did not come to its end is as good as new, and must not look
 * old to who tidies up. It may be another daemon's, and then only be made anew. */
static int touch(int root, const char *path)
{
    _cleanup_fd_ int fd =
        openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

    return fd < 0 || futimens(fd, NULL) < 0 ? -errno : 0;
}

int note_add(int root, const char *folder, const char *name)
{
    char path[NOTE_PATH_SIZE];
    int r = path_of(folder, name, path);

    if (r == 0)
        r = touch(root, path);
    if (r == -EACCES || r == -EPERM)
        r = unlinkat(root, path, 0) < 0 && errno != ENOENT ? -errno : touch(root, path);
    return r < 0 ? r : io_sync_dir(root, folder);
}

int note_remove(int root, const char *folder, const char *name)
{
    char path[NOTE_PATH_SIZE];
    int r = path_of(folder, name, path);

    if (r < 0)
        return r;
    return unlinkat(root, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

bool note_has(int root, const char *folder, const char *name)
{
    char path[NOTE_PATH_SIZE];

    return path_of(folder, name, path) == 0 && faccessat(root, path, F_OK, 0) == 0;
}

int64_t note_age(const struct stat *st)
{
    return clock_now() - (st->st_mtim.tv_sec * USEC_PER_SEC + st->st_mtim.tv_nsec / 1000);
}

int note_open_folder(int root, const char *folder, DIR **ret)
{
    _cleanup_fd_ int fd = openat(root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    *ret = fdopendir(fd);
    if (!*ret)
        return -errno;
    TAKE_FD(fd); /* the DIR has it now */
    return 0;
}

/* Whether a clock that was set back has made it look as from the future: then its age is unknown,
 * and it counts as old. */
static bool is_due(int dir_fd, const char *name, int64_t min_age_usec)
{
    struct stat st;
    int64_t age;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    age = note_age(&st);
    return age < 0 || age >= min_age_usec;
}

int note_each(int root, const char *folder, bool (*valid)(struct str name), int64_t min_age_usec,
              int (*fn)(const char *name, void *arg), void *arg)
{
    _cleanup_dir_ DIR *dir = NULL;
    struct dirent *entry;
    int r = note_open_folder(root, folder, &dir);

    if (r < 0)
        return r;
    while ((errno = 0, entry = readdir(dir))) {
        if (!valid(str_from(entry->d_name)) ||
            (min_age_usec > 0 && !is_due(dirfd(dir), entry->d_name, min_age_usec)))
            continue;
        r = fn(entry->d_name, arg);
        if (r)
            return r;
    }
    return -errno;
}
