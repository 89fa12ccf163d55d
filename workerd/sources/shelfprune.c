/* SPDX-License-Identifier: Apache-2.0 */
/* The shelf's quota: all slots are listed, and the ones that were asked for longest ago are dropped
 * until the rest fits. Others may fill, drop and replace slots meanwhile; the worst of it is an
 * index that is made once more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "workerd/sources/shelfslot.h"

#define LEFT_OVER_SEC 3600 /* nobody takes so long between a link and a rename */

struct kept {
    char *path; /* below the root */
    uint64_t size;
    struct timespec used;
};

struct listing {
    int root;
    const char *suffix;
    struct kept *list;
    size_t n, capacity;
    uint64_t bytes;
};

static void listing_fini(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->list[i].path);
    free(l->list);
    cleanup_fd(&l->root);
}

static bool grow(struct listing *l)
{
    if (l->n < l->capacity)
        return true;
    size_t capacity = l->capacity ? 2 * l->capacity : 256;
    struct kept *list = reallocarray(l->list, capacity, sizeof *list);

    if (!list)
        return false;
    l->list = list;
    l->capacity = capacity;
    return true;
}

static void add(struct listing *l, const char *path)
{
    struct stat st;

    if (fstatat(l->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || !grow(l))
        return;
    char *copy = strdup(path);

    if (!copy)
        return;
    l->list[l->n++] = (struct kept){copy, (uint64_t)st.st_size, st.st_mtim};
    l->bytes += (uint64_t)st.st_size;
}

static DIR *open_folder(int root, const char *path)
{
    _cleanup_fd_ int fd =
        openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (dir)
        TAKE_FD(fd); /* the DIR has it now */
    return dir;
}

/* Of one folder below the root. */
static void list_folder(struct listing *l, const char *folder)
{
    _cleanup_dir_ DIR *dir = open_folder(l->root, folder);
    char path[BLOB_PATH_SIZE];
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        int n = snprintf(path, sizeof path, "%s/%s%s", folder, entry->d_name, l->suffix);

        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path)
            add(l, path);
    }
}

/* What a writer left that ended between two steps. */
static void tidy_up(int root, const char *name)
{
    struct stat st;

    if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        time(NULL) - st.st_ctim.tv_sec > LEFT_OVER_SEC)
        (void)unlinkat(root, name, 0);
}

static void list_all(struct listing *l)
{
    _cleanup_dir_ DIR *dir = open_folder(l->root, ".");
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (cstr_starts(entry->d_name, SHELF_TEMPORARY))
            tidy_up(l->root, entry->d_name);
        else if (entry->d_name[0] != '.' && strlen(entry->d_name) == 2)
            list_folder(l, entry->d_name);
    }
}

/* The one that was asked for longest ago first. */
static int compare(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->path, y->path);
}

uint64_t shelf_prune(struct shelf *s)
{
    _cleanup_(listing_fini) struct listing l = {.root = -1, .suffix = shelf_suffix(s)};

    if (shelf_root(s, &l.root) != 0)
        return 0;
    list_all(&l);
    if (s->quota == 0 || l.bytes <= s->quota)
        return l.bytes;
    qsort(l.list, l.n, sizeof *l.list, compare);
    for (size_t i = 0; i < l.n && l.bytes > s->quota; i++)
        if (unlinkat(l.root, l.list[i].path, 0) == 0 || errno == ENOENT)
            l.bytes -= l.list[i].size;
    return l.bytes;
}
