/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "client/spool/usage.h"
#include "common/base/io.h"

#define TMP_NAME_SIZE (sizeof(SPOOL_TMP) + UUID_TEXT_SIZE)
#define PATH_SIZE     64
#define META          "meta.json"
#define WANTED        "wanted"
#define CORE          "core.zst"
#define FULL          "full.zst"
#define FULL_DONE     "full.json"
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
    int fd = create_file(d, CORE);

    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int draft_drop_core(const struct draft *d)
{
    return unlinkat(d->dir, CORE, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Nobody else knows the file yet: the lock is free. */
int draft_create_full(const struct draft *d, int *ret_fd)
{
    _cleanup_fd_ int fd = create_file(d, FULL);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    *ret_fd = TAKE_FD(fd);
    return spool_own(d->spool, *ret_fd);
}

int draft_drop_full(const struct draft *d)
{
    return unlinkat(d->dir, FULL, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int write_meta(const struct draft *d, struct str meta)
{
    _cleanup_fd_ int fd = -1;
    int r;

    (void)unlinkat(d->dir, RESERVE, 0); /* its blocks, and its inode */
    fd = create_file(d, META);
    if (fd < 0)
        return -errno;
    r = io_write(fd, meta.p, meta.n);
    if (r == 0)
        r = spool_own(d->spool, fd);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

static void account(const struct draft *d, int core_fd, struct str meta)
{
    struct stat st;

    usage_add(d->spool, meta.n + USAGE_BLOCK);
    if (core_fd >= 0 && fstat(core_fd, &st) == 0)
        usage_add(d->spool, (uint64_t)st.st_size);
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
    account(d, core_fd, meta);
    tmp_name(d->id, name);
    if (renameat(d->spool->dir, name, d->spool->dir, d->id) < 0)
        return -errno;
    /* From here on it is seen, and may be sent and removed before this returns: whoever was told of
     * a failure now would count it as well. */
    (void)fsync(d->spool->dir);
    return 0;
}

int draft_publish_open(struct draft *d, int core_fd, struct str meta, struct entry *ret)
{
    struct entry e = {.spool = d->spool, .dir = -1};
    int r = make_whole(d, core_fd, meta);

    if (r < 0) {
        draft_abandon(d);
        return r;
    }
    memcpy(e.id, d->id, sizeof(e.id));
    e.dir = TAKE_FD(d->dir);
    *ret = e;
    return 0;
}

int draft_publish(struct draft *d, int core_fd, struct str meta)
{
    _cleanup_entry_ struct entry e = ENTRY_CLOSED;

    return draft_publish_open(d, core_fd, meta, &e);
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

int entry_finish_full(const struct entry *e, int full_fd, struct str json)
{
    struct stat st;

    if (fstat(full_fd, &st) < 0 || (st.st_nlink > 0 && fsync(full_fd) < 0))
        return -errno;
    if (st.st_nlink == 0)
        return ENTRY_NONE;
    usage_add(e->spool, (uint64_t)st.st_size);
    return io_publish(e->dir, FULL_DONE, json.p, json.n, 0600);
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

static bool stat_in(const struct spool *s, const char *id, const char *name, struct stat *ret)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", id, name);
    return fstatat(s->dir, path, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

bool entry_is_acknowledged(const struct spool *s, const char *id)
{
    struct stat st;

    return stat_in(s, id, WANTED, &st);
}

bool entry_has_full(const struct spool *s, const char *id)
{
    struct stat st;

    return stat_in(s, id, WANTED, &st) && st.st_size == 0 && stat_in(s, id, FULL, &st);
}

int entry_read_meta(const struct entry *e, struct buf *b)
{
    return io_read_file(e->dir, META, b);
}

int entry_open_core(const struct entry *e, int *ret_fd)
{
    int fd = openat(e->dir, CORE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ENTRY_NONE : -errno;
    *ret_fd = fd;
    return 0;
}

int entry_open_full(const struct entry *e, int *ret_fd)
{
    int fd = openat(e->dir, FULL, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ENTRY_NONE : -errno;
    *ret_fd = fd;
    return 0;
}

static int read_facts(const struct entry *e, struct buf *b)
{
    int r = io_read_file(e->dir, FULL_DONE, b);

    return r == -ENOENT ? ENTRY_NONE : r;
}

/* The handler says that it is complete before it lets go of the lock: who finds the lock free asks
 * once more. */
int entry_full_state(const struct entry *e, int full_fd, struct buf *b)
{
    int r = read_facts(e, b);

    if (r != ENTRY_NONE)
        return r;
    if (flock(full_fd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? ENTRY_GROWING : -errno;
    (void)flock(full_fd, LOCK_UN);
    return read_facts(e, b);
}

int entry_read_wanted(const struct entry *e, struct buf *b)
{
    int r = io_read_file(e->dir, WANTED, b);

    return r == -ENOENT ? ENTRY_NONE : r;
}

int entry_drop_core(const struct entry *e)
{
    return unlinkat(e->dir, CORE, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static bool is_full(int error)
{
    return error == -ENOSPC || error == -EDQUOT;
}

int entry_acknowledge(const struct entry *e, struct str wanted)
{
    int r = io_publish(e->dir, WANTED, wanted.p, wanted.n, 0600);

    if (is_full(r)) { /* the core's own room will do: the server has it */
        r = entry_drop_core(e);
        if (r == 0)
            r = io_publish(e->dir, WANTED, wanted.p, wanted.n, 0600);
    }
    return r < 0 ? r : entry_drop_core(e);
}

int entry_drop_full(const struct entry *e)
{
    if (unlinkat(e->dir, FULL, 0) < 0 && errno != ENOENT)
        return -errno;
    return unlinkat(e->dir, FULL_DONE, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int entry_rewrite_meta(const struct entry *e, struct str meta)
{
    return io_publish(e->dir, META, meta.p, meta.n, 0600);
}

/* Renamed before anything in it is removed: half an entry under its own name would be sent as a
 * crash without a core. */
int entry_remove(const struct entry *e)
{
    char name[TMP_NAME_SIZE];

    tmp_name(e->id, name);
    if (renameat(e->spool->dir, e->id, e->spool->dir, name) < 0)
        return errno == ENOENT ? 0 : -errno;
    (void)io_remove_tree(e->spool->dir, name); /* else the next sweep does */
    return 0;
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

    if (r < 0 && !is_full(r)) /* it must not be sent for ever for want of a few words */
        return r;
    snprintf(path, sizeof(path), "rejected/%s", e->id);
    if (renameat(e->spool->dir, e->id, e->spool->dir, path) < 0)
        return -errno;
    r = entry_drop_core(e);
    if (r == 0)
        r = entry_drop_full(e);
    return r < 0 ? r : trim_rejected(e->spool);
}
