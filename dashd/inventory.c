/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct inventory {
    struct blob_store *store;
    pthread_mutex_t lock;
    uint64_t changed; /* of the store, when facts were taken */
    struct inventory_facts facts;
};

struct inventory *inventory_new(struct blob_store *s)
{
    struct inventory *i = calloc(1, sizeof(*i));

    if (!i)
        abort();
    i->store = s;
    pthread_mutex_init(&i->lock, NULL);
    return i;
}

void inventory_free(struct inventory *i)
{
    if (!i)
        return;
    pthread_mutex_destroy(&i->lock);
    free(i);
}

/* --- Walking --- */

/* Keeps the list sorted, the latest first. */
static void remember(struct inventory_facts *f, const struct inventory_file *file)
{
    size_t at = f->n_recent;

    while (at > 0 && f->recent[at - 1].at < file->at)
        at--;
    if (at == INVENTORY_RECENT)
        return;
    if (f->n_recent < INVENTORY_RECENT)
        f->n_recent++;
    memmove(&f->recent[at + 1], &f->recent[at],
            (f->n_recent - at - 1) * sizeof(struct inventory_file));
    f->recent[at] = *file;
}

static bool look(int folder, const char *build_id, enum module_kind k, struct inventory_file *ret)
{
    char name[BUILD_ID_TEXT_SIZE + 32];
    struct stat st;

    snprintf(name, sizeof(name), "%s/%s", build_id, module_kind_name(k));
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    *ret = (struct inventory_file){
        .kind = k,
        .bytes = (uint64_t)st.st_size,
        .at = (int64_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000,
    };
    memcpy(ret->build_id, build_id, strlen(build_id) + 1);
    return true;
}

static void count_module(int folder, const char *build_id, struct inventory_facts *f)
{
    struct inventory_file file;
    bool any = false;

    for (int k = 0; k < MODULE_KIND_COUNT; k++) {
        if (!look(folder, build_id, (enum module_kind)k, &file))
            continue;
        any = true;
        f->kinds[k].files++;
        f->kinds[k].bytes += file.bytes;
        remember(f, &file);
    }
    f->modules += any;
}

/* Calls fn with each name in a folder that is so many hexadecimal digits at most. */
static int each_name(int parent, const char *name, size_t digits,
                     int (*fn)(int folder, const char *name, struct inventory_facts *f),
                     struct inventory_facts *f)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        r = -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    for (struct dirent *e = readdir(d); e && r == 0; e = readdir(d))
        if (hex_valid(str_from(e->d_name), digits))
            r = fn(fd, e->d_name, f);
    closedir(d);
    return r;
}

static int count_one(int folder, const char *build_id, struct inventory_facts *f)
{
    if (f->modules >= INVENTORY_MODULES_MAX) {
        f->cut = true;
        return 1;
    }
    count_module(folder, build_id, f);
    return 0;
}

static int count_folder(int modules, const char *name, struct inventory_facts *f)
{
    int r = each_name(modules, name, BUILD_ID_TEXT_SIZE - 1, count_one, f);

    return r < 0 ? 0 : r; /* one that can't be read, or went meanwhile, is passed over */
}

static int walk(struct blob_store *s, struct inventory_facts *ret)
{
    struct inventory_facts f = {.taken_at = clock_now()};
    _cleanup_fd_ int fd = -1;
    int r = blob_modules_folder(s, &fd);

    if (r == 0)
        r = each_name(fd, ".", 2, count_folder, &f);
    if (r == BLOB_NOT_FOUND)
        r = 0;
    if (r < 0)
        return r;
    *ret = f;
    return 0;
}

int inventory_get(struct inventory *i, struct inventory_facts *ret)
{
    uint64_t changed = blob_modules_changed(i->store);
    int64_t now = clock_now();
    int r = 0;

    pthread_mutex_lock(&i->lock);
    if (i->facts.taken_at == 0 ||
        (changed != i->changed && now - i->facts.taken_at > INVENTORY_INTERVAL)) {
        r = walk(i->store, &i->facts);
        if (r == 0)
            i->changed = changed;
    }
    if (r == 0)
        *ret = i->facts;
    pthread_mutex_unlock(&i->lock);
    return r;
}

void inventory_module(struct blob_store *s, const char *build_id,
                      struct inventory_file ret[static MODULE_KIND_COUNT])
{
    for (int k = 0; k < MODULE_KIND_COUNT; k++) {
        _cleanup_fd_ int fd = -1;
        struct stat st;

        ret[k] = (struct inventory_file){.kind = (enum module_kind)k};
        if (blob_module_open(s, build_id, (enum module_kind)k, &fd) != 0 || fstat(fd, &st) < 0)
            continue;
        ret[k].bytes = (uint64_t)st.st_size;
        ret[k].at = (int64_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
    }
}
