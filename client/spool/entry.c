/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/report/limits.h"

#define TMP_NAME_SIZE (sizeof(SPOOL_TMP) + UUID_TEXT_SIZE)
#define PATH_SIZE     64
#define RESERVE       "reserve"
#define RESERVE_SIZE  (128 * 1024) /* most reports are a few dozen KiB */

static void tmp_name(const char *id, char ret[static TMP_NAME_SIZE])
{
    snprintf(ret, TMP_NAME_SIZE, SPOOL_TMP "%s", id);
}

/* --- Drafts --- */

static int create_file(const struct draft *d, const char *name)
{
    return openat(d->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Room for the report is taken before the core may fill the disk. A file system that can't do that
 * has to do without. */
static int reserve(const struct draft *d)
{
    _cleanup_fd_ int fd = create_file(d, RESERVE);

    if (fd < 0)
        return -errno;
    return fallocate(fd, 0, 0, RESERVE_SIZE) < 0 && errno == ENOSPC ? -ENOSPC : 0;
}

int draft_begin(const struct spool *s, const char *id, struct draft *ret)
{
    struct draft d = {.spool = s, .dir = -1};
    char name[TMP_NAME_SIZE];
    int r;

    snprintf(d.id, sizeof(d.id), "%s", id);
    tmp_name(id, name);
    if (mkdirat(s->dir, name, 0700) < 0)
        return -errno;
    d.dir = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d.dir < 0)
        return -errno;
    r = reserve(&d);
    if (r < 0)
        draft_abandon(&d);
    else
        *ret = d;
    return r;
}

int draft_create_core(const struct draft *d, int *ret_fd)
{
    int fd = create_file(d, "core.zst");

    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int draft_drop_core(const struct draft *d)
{
    return unlinkat(d->dir, "core.zst", 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int write_meta(const struct draft *d, struct str meta)
{
    _cleanup_fd_ int fd = -1;
    int r;

    (void)unlinkat(d->dir, RESERVE, 0); /* its blocks, and its inode */
    fd = create_file(d, "meta.json");
    if (fd < 0)
        return -errno;
    r = io_write(fd, meta.p, meta.n);
    if (r == 0)
        r = spool_own(d->spool, fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

/* File contents, then the folder that names them, then the name of the folder: each is on disk
 * before the next can be seen. */
static int make_whole(const struct draft *d, int core_fd, struct str meta)
{
    char name[TMP_NAME_SIZE];
    int r = write_meta(d, meta);

    if (r == 0 && core_fd >= 0)
        r = spool_own(d->spool, core_fd);
    if (r == 0 && core_fd >= 0 && fsync(core_fd) < 0)
        r = -errno;
    if (r == 0)
        r = spool_own(d->spool, d->dir);
    if (r == 0 && fsync(d->dir) < 0)
        r = -errno;
    if (r < 0)
        return r;
    tmp_name(d->id, name);
    if (renameat(d->spool->dir, name, d->spool->dir, d->id) < 0)
        return -errno;
    /* From here on it is seen, and may be sent and removed before this returns. */
    return fsync(d->spool->dir) < 0 ? -errno : 0;
}

int draft_publish(struct draft *d, int core_fd, struct str meta)
{
    int r = make_whole(d, core_fd, meta);

    if (r < 0)
        draft_abandon(d);
    else
        close(TAKE_FD(d->dir));
    return r;
}

void draft_abandon(struct draft *d)
{
    char name[TMP_NAME_SIZE];

    if (d->dir < 0)
        return;
    tmp_name(d->id, name);
    (void)io_remove_tree(d->spool->dir, name);
    close(TAKE_FD(d->dir));
}

/* --- Entries --- */

int entry_open(const struct spool *s, const char *id, struct entry *ret)
{
    struct entry e = {.spool = s, .dir = -1};

    snprintf(e.id, sizeof(e.id), "%s", id);
    e.dir = openat(s->dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (e.dir < 0)
        return -errno;
    *ret = e;
    return 0;
}

void entry_close(struct entry *e)
{
    if (e->dir >= 0)
        close(TAKE_FD(e->dir));
}

int entry_read_meta(const struct entry *e, struct buf *b)
{
    return io_read_file(e->dir, "meta.json", b);
}

int entry_open_core(const struct entry *e, int *ret_fd)
{
    int fd = openat(e->dir, "core.zst", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ENTRY_NONE : -errno;
    *ret_fd = fd;
    return 0;
}

int entry_read_wanted(const struct entry *e, struct buf *b)
{
    int r = io_read_file(e->dir, "wanted", b);

    return r == -ENOENT ? ENTRY_NONE : r;
}

static int drop_core(int dir_fd)
{
    return unlinkat(dir_fd, "core.zst", 0) < 0 && errno != ENOENT ? -errno : 0;
}

int entry_acknowledge(const struct entry *e, struct str wanted)
{
    int r = io_publish(e->dir, "wanted", wanted.p, wanted.n, 0600);

    return r < 0 ? r : drop_core(e->dir);
}

/* Renamed before anything in it is removed: half an entry under its own name would be sent as a
 * crash without a core. */
int entry_remove(const struct entry *e)
{
    char name[TMP_NAME_SIZE];

    tmp_name(e->id, name);
    if (renameat(e->spool->dir, e->id, e->spool->dir, name) < 0)
        return errno == ENOENT ? 0 : -errno;
    return io_remove_tree(e->spool->dir, name);
}

static int trim_rejected(const struct spool *s)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list list;
    int r = spool_list(s, "rejected", &a, &list);

    for (size_t i = 0; r == 0 && i + ENTRY_REJECTED_MAX < list.n; i++) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "rejected/%s", list.ids[i]);
        r = io_remove_tree(s->dir, path);
    }
    return r;
}

int entry_reject(const struct entry *e, struct str reason)
{
    char path[PATH_SIZE];
    int r = io_publish(e->dir, "reason", reason.p, reason.n, 0600);

    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "rejected/%s", e->id);
    if (renameat(e->spool->dir, e->id, e->spool->dir, path) < 0)
        return -errno;
    r = drop_core(e->dir);
    return r < 0 ? r : trim_rejected(e->spool);
}
