/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "client/spool/ledger.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/meta.h"

static bool is_core(const char *name)
{
    return strcmp(name, "core.zst") == 0 || strcmp(name, "full.zst") == 0;
}

/* The files of one folder; what goes meanwhile is not counted. */
static void add_folder(const struct spool *s, const char *path, struct queue *q)
{
    int fd = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat st;

    while (dir && (entry = readdir(dir))) {
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        q->bytes += (uint64_t)st.st_blocks * 512;
        q->cores += is_core(entry->d_name);
    }
}

static int read_crashes(const struct spool *s, struct queue *q)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list waiting, rejected;
    int r = spool_list(s, NULL, &a, &waiting);

    if (r == 0)
        r = spool_list(s, "rejected", &a, &rejected);
    if (r < 0)
        return r;
    q->crashes = waiting.n;
    q->rejected = rejected.n;
    for (size_t i = 0; i < waiting.n; i++)
        add_folder(s, waiting.ids[i], q);
    add_folder(s, "modules", q);
    if (waiting.n > 0)
        q->oldest = uuid_time_msec(waiting.ids[0]) * USEC_PER_MSEC;
    return 0;
}

/* Who works in the spool holds its lock; looked at without making the file. */
static int read_sender(const struct spool *s)
{
    _cleanup_fd_ int fd = openat(s->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? 1 : -errno;
    return 0;
}

static void read_last_error(const struct spool *s, struct queue *q)
{
    _cleanup_buf_ struct buf b = BUF_INIT(16384);
    struct str text;

    if (io_read_file(s->dir, "last-error", &b) < 0)
        return;
    text = str_trim((struct str){b.data, b.len});
    snprintf(q->last_error, sizeof(q->last_error), "%.*s", (int)text.n, text.p);
}

static void read_ledger(const struct spool *s, const struct settings *settings, struct queue *q)
{
    struct ledger *l;

    if (faccessat(s->dir, LEDGER_FILE, F_OK, 0) < 0 || ledger_open(s->dir, settings, &l) < 0)
        return;
    q->counted = ledger_pending(l);
    ledger_close(l);
}

int queue_read(const struct spool *s, const struct settings *settings, struct queue *ret)
{
    struct queue q = {.oldest = META_UNKNOWN};
    struct statvfs fs;
    int r = read_crashes(s, &q);

    if (r < 0)
        return r;
    if (fstatvfs(s->dir, &fs) == 0)
        q.free = (uint64_t)fs.f_bavail * fs.f_frsize;
    q.sender = read_sender(s);
    read_last_error(s, &q);
    read_ledger(s, settings, &q);
    *ret = q;
    return 0;
}
