/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/eviction.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define ENTRIES_MAX 65536u
#define BLOCK_BYTES 512u /* of st_blocks, stat(2) */
#define LEFT_AGE    ((int64_t)7 * 86400)

struct entry {
    const char *name;
    uint64_t bytes;
    int64_t used; /* the latest of its files, seconds */
};

static void add_file(int folder, const char *name, struct entry *e)
{
    struct stat st;

    if (name[0] == '.' || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    e->bytes += (uint64_t)st.st_blocks * BLOCK_BYTES;
    if (st.st_mtim.tv_sec > e->used)
        e->used = st.st_mtim.tv_sec;
}

static void measure(int cache, struct entry *e)
{
    _cleanup_dir_ DIR *dir = NULL;
    int fd = openat(cache, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const struct dirent *d;

    dir = fd < 0 ? NULL : fdopendir(fd);
    while (dir && (d = readdir(dir)))
        add_file(fd, d->d_name, e);
}

static int by_age(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return (x->used > y->used) - (x->used < y->used);
}

static bool left_behind(int cache, const char *name, int64_t now)
{
    struct stat st;

    return (cstr_starts(name, "session.") || cstr_starts(name, EVICTION_DRAFT)) &&
           fstatat(cache, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_mtim.tv_sec < now - LEFT_AGE;
}

int eviction_run(int fd, uint64_t max, int64_t since)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct entry *entries = arena_array(&a, struct entry, ENTRIES_MAX);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    _cleanup_dir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *d;
    uint64_t total = 0;
    size_t n = 0;

    if (!dir)
        return -errno;
    rewinddir(dir);
    while (n < ENTRIES_MAX && (d = readdir(dir))) {
        if (left_behind(fd, d->d_name, since))
            (void)io_remove_tree(fd, d->d_name);
        if (d->d_name[0] == '.' || cstr_starts(d->d_name, "session."))
            continue;
        entries[n] = (struct entry){.name = arena_strdup(&a, d->d_name)};
        measure(fd, &entries[n]);
        total += entries[n++].bytes;
    }
    qsort(entries, n, sizeof(*entries), by_age);
    for (size_t i = 0; i < n && total > max && entries[i].used < since; i++)
        if (io_remove_tree(fd, entries[i].name) == 0)
            total -= entries[i].bytes;
    return 0;
}
