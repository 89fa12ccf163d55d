/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/census.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "client/spool/entry.h"
#include "client/spool/usage.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

#define MODULES_MAX 65536u

/* FNV-1a: which texts are the same, among friends; 0 is kept for no text. */
static uint64_t digest(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    if (cstr_empty(text))
        return 0;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h ? h : 1;
}

static uint64_t cost_of(int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return usage_cost((uint64_t)st.st_blocks * 512);
}

static bool grows(const struct entry *e)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ENTRY_FACTS_MAX);
    _cleanup_fd_ int fd = -1;

    return entry_open_full(e, &fd) == 0 && entry_full_state(e, fd, &b) == ENTRY_GROWING;
}

/* Kind and executable, where the metadata can be read. */
static void read_meta(const struct entry *e, struct quota_item *item)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct meta_error error;
    struct crash_meta m;

    if (entry_read_meta(e, &b) < 0 ||
        meta_parse((struct str){buf_text(&b), b.len}, &a, &m, &error) != 0)
        return;
    item->kind = digest(m.kind);
    item->executable = digest(m.executable);
}

static void count_crash(const struct spool *s, const char *id, struct quota_item *item)
{
    _cleanup_entry_ struct entry e = ENTRY_CLOSED;

    item->at = uuid_time_msec(id);
    if (entry_open(s, id, &e) < 0)
        return;
    item->bytes[QUOTA_FULL] = cost_of(e.dir, "full.zst");
    item->bytes[QUOTA_SLIM] = cost_of(e.dir, "core.zst");
    item->bytes[QUOTA_META] = cost_of(e.dir, "meta.json") + USAGE_BLOCK; /* and the folder */
    item->growing = item->bytes[QUOTA_FULL] > 0 && grows(&e);
    read_meta(&e, item);
}

/* --- The folder of modules --- */

static bool is_copy(const char *name)
{
    return name[0] != '.' && !cstr_ends(name, ".known") && !cstr_starts(name, SPOOL_TMP);
}

static void count_module(int dir, const char *name, struct quota_item *item)
{
    struct stat st = {0};

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        item->at = (int64_t)st.st_mtim.tv_sec * 1000;
    item->bytes[QUOTA_MODULE] = cost_of(dir, name);
}

static int list_modules(const struct spool *s, struct arena *a, const char ***ret, size_t *ret_n)
{
    int fd = openat(s->modules, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    size_t n = 0, room = 0;

    if (!dir)
        return -errno;
    while (room < MODULES_MAX && readdir(dir))
        room++;
    rewinddir(dir);
    *ret = arena_array(a, const char *, room);
    while (n < room && (entry = readdir(dir)))
        if (is_copy(entry->d_name))
            (*ret)[n++] = arena_strdup(a, entry->d_name);
    *ret_n = n;
    return 0;
}

int census_take(const struct spool *s, struct arena *a, struct census *ret)
{
    struct census c = {0};
    struct spool_list list;
    const char **modules = NULL;
    size_t n_modules = 0;
    int r = spool_list(s, NULL, a, &list);

    if (r == 0)
        r = list_modules(s, a, &modules, &n_modules);
    if (r < 0)
        return r;
    c.n_crashes = list.n;
    c.n = list.n + n_modules;
    c.items = arena_array(a, struct quota_item, c.n);
    c.names = arena_array(a, const char *, c.n);
    memset(c.items, 0, c.n * sizeof(*c.items));
    for (size_t i = 0; i < list.n; i++) {
        c.names[i] = list.ids[i];
        count_crash(s, list.ids[i], &c.items[i]);
    }
    for (size_t i = list.n; i < c.n; i++) {
        c.names[i] = modules[i - list.n];
        count_module(s->modules, c.names[i], &c.items[i]);
    }
    *ret = c;
    return 0;
}
