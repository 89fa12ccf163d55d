/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/base/clock.h"
#include "common/base/io.h"

#define MARKER_AGE_MAX (30 * 86400 * USEC_PER_SEC)

static const char *const folders[] = {"modules", "rejected"};

/* --- Opening --- */

/* What only root and the owner could have put there is trusted; a folder of somebody else's or
 * writable by others is not. */
static int check_folder(int fd, struct spool *ret)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return -EPERM;
    if (geteuid() != 0 && st.st_uid != geteuid())
        return -EPERM;
    ret->uid = st.st_uid;
    ret->gid = st.st_gid;
    return 0;
}

int spool_own(const struct spool *s, int fd)
{
    struct stat st;

    if (geteuid() != 0 || s->uid == 0)
        return 0;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode) && st.st_nlink != 1)
        return -EPERM;
    return fchown(fd, s->uid, s->gid) < 0 ? -errno : 0;
}

static int make_folder(const struct spool *s, const char *name)
{
    _cleanup_fd_ int fd = -1;

    if (mkdirat(s->dir, name, 0700) < 0)
        return errno == EEXIST ? 0 : -errno;
    fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : spool_own(s, fd);
}

int spool_open(const char *path, struct spool *ret)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct spool s = SPOOL_CLOSED;
    int r;

    if (fd < 0 && errno == ENOENT) {
        r = io_mkdirs(AT_FDCWD, path, 0700);
        if (r < 0)
            return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return -errno;
    r = check_folder(fd, &s);
    s.dir = fd;
    for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
        r = make_folder(&s, folders[i]);
    if (r == 0) {
        s.modules = openat(fd, "modules", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = s.modules < 0 ? -errno : 0;
    }
    if (r < 0)
        return r;
    fd = -1;
    *ret = s;
    return 0;
}

void spool_close(struct spool *s)
{
    if (s->dir >= 0)
        close(s->dir);
    if (s->modules >= 0)
        close(s->modules);
    *s = SPOOL_CLOSED;
}

int spool_lock_file(const struct spool *s, const char *name, int *ret_fd)
{
    _cleanup_fd_ int fd = openat(s->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = spool_own(s, fd);
    if (r < 0)
        return r;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? SPOOL_BUSY : -errno;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int spool_lock(const struct spool *s, int *ret_fd)
{
    return spool_lock_file(s, "lock", ret_fd);
}

/* --- Room --- */

static struct {
    uint64_t keep_free, allowance;
} limits = {SPOOL_KEEP_FREE, UINT64_MAX};

void spool_set_limits(uint64_t keep_free, uint64_t allowance)
{
    limits.keep_free = keep_free;
    limits.allowance = allowance;
}

/* What stays free, and what is: bytes. */
struct space {
    uint64_t keep, available;
};

/* False for one without a size: it knows no full. */
static bool look(int fd, uint64_t keep_free, struct space *ret)
{
    struct statvfs fs;

    if (fstatvfs(fd, &fs) < 0 || fs.f_blocks == 0)
        return false;
    ret->keep = (uint64_t)fs.f_blocks * fs.f_frsize / 20;
    ret->available = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (ret->keep > keep_free)
        ret->keep = keep_free;
    return true;
}

uint64_t spool_room(int fd)
{
    uint64_t room = UINT64_MAX, allowed = limits.allowance;
    struct space space;
    struct stat st;

    if (look(fd, limits.keep_free, &space))
        room = space.available > space.keep ? space.available - space.keep : 0;
    if (allowed != UINT64_MAX && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        allowed = (uint64_t)st.st_size < allowed ? allowed - (uint64_t)st.st_size : 0;
    return room < allowed ? room : allowed;
}

uint64_t spool_lacking(int fd)
{
    struct space space;

    if (!look(fd, limits.keep_free, &space) || space.available >= space.keep)
        return 0;
    return space.keep - space.available;
}

/* --- Listing --- */

static int open_folder(const struct spool *s, const char *name, DIR **ret)
{
    int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    *ret = fdopendir(fd);
    if (*ret)
        return 0;
    close(fd);
    return -ENOMEM;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t count_entries(DIR *dir)
{
    size_t n = 0;

    while (readdir(dir) && n < SPOOL_ENTRIES_MAX)
        n++;
    rewinddir(dir);
    return n;
}

int spool_list(const struct spool *s, const char *folder, struct arena *a, struct spool_list *ret)
{
    _cleanup_dir_ DIR *dir = NULL;
    struct spool_list list = {0};
    struct dirent *entry;
    size_t room;
    int r = open_folder(s, folder ? folder : ".", &dir);

    if (r < 0)
        return r;
    room = count_entries(dir);
    list.ids = arena_calloc(a, room, UUID_TEXT_SIZE);
    while (list.n < room && (entry = readdir(dir)))
        if (uuid_valid(str_from(entry->d_name)))
            memcpy(list.ids[list.n++], entry->d_name, UUID_TEXT_SIZE);
    if (list.n > 1)
        qsort(list.ids, list.n, UUID_TEXT_SIZE, compare_ids);
    *ret = list;
    return 0;
}

/* --- Sweeping --- */

static bool older(int dir_fd, const char *name, int64_t now, int64_t age)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    return now - (int64_t)st.st_mtim.tv_sec * USEC_PER_SEC > age;
}

static int sweep_unfinished(const struct spool *s, int64_t now, int64_t age)
{
    _cleanup_dir_ DIR *dir = NULL;
    struct dirent *entry;
    int r = open_folder(s, ".", &dir);

    if (r < 0)
        return r;
    while ((entry = readdir(dir)))
        if (cstr_starts(entry->d_name, SPOOL_TMP) && older(s->dir, entry->d_name, now, age))
            (void)io_remove_tree(s->dir, entry->d_name);
    return 0;
}

/* A copy that belongs to a crash is asked for when the crash is sent; without any crash left it
 * never will be. */
static int sweep_modules(const struct spool *s, int64_t now, int64_t age, bool idle)
{
    _cleanup_dir_ DIR *dir = NULL;
    struct dirent *entry;
    int r = open_folder(s, "modules", &dir);

    if (r < 0)
        return r;
    while ((entry = readdir(dir))) {
        bool marker = cstr_ends(entry->d_name, ".known");
        bool unfinished = cstr_starts(entry->d_name, SPOOL_TMP);

        if (entry->d_name[0] == '.' || (!idle && !marker && !unfinished))
            continue;
        if (older(dirfd(dir), entry->d_name, now, marker ? MARKER_AGE_MAX : age))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    return 0;
}

int spool_sweep(const struct spool *s, int64_t now, int64_t age_usec)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list entries;
    int r = spool_list(s, NULL, &a, &entries);

    if (r == 0)
        r = sweep_unfinished(s, now, age_usec);
    if (r == 0)
        r = sweep_modules(s, now, age_usec, entries.n == 0);
    return r;
}
