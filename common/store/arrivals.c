/* SPDX-License-Identifier: Apache-2.0 */
#include "common/store/arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/store/notes.h"

#define LEFT            "arrived"
#define TAKEN           "healing"
#define BUILD_ID_DIGITS 128

bool arrival_valid(struct str name)
{
    return str_eq(name, STR(ARRIVAL_ALL)) || hex_valid(name, BUILD_ID_DIGITS) ||
           blob_crash_id_valid(name);
}

int arrival_add(struct blob_store *s, const char *name)
{
    return arrival_valid(str_from(name)) ? note_add(blob_root(s), LEFT, name) : -EINVAL;
}

static int found(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return 1;
}

bool arrivals_any(struct blob_store *s, int64_t min_age_usec)
{
    return note_each(blob_root(s), LEFT, arrival_valid, min_age_usec, found, NULL) > 0 ||
           note_each(blob_root(s), TAKEN, arrival_valid, 0, found, NULL) > 0;
}

struct taking {
    int root;
    size_t left;
};

/* By rename, which keeps the mark's time: a mark that comes back meanwhile is never lost, and one
 * of a healer that died is replaced by the later one. */
static int take(const char *name, void *arg)
{
    struct taking *t = arg;
    char from[NOTE_PATH_SIZE], to[NOTE_PATH_SIZE];

    if (t->left-- == 0)
        return 1;
    snprintf(from, sizeof(from), LEFT "/%s", name);
    snprintf(to, sizeof(to), TAKEN "/%s", name);
    return renameat(t->root, from, t->root, to) < 0 && errno != ENOENT ? -errno : 0;
}

int arrivals_take(struct blob_store *s, int64_t min_age_usec, size_t max)
{
    struct taking t = {blob_root(s), max};
    int r = note_each(t.root, LEFT, arrival_valid, min_age_usec, take, &t);

    return r < 0 ? r : 0;
}

struct telling {
    int root;
    int (*fn)(const char *name, int64_t at, void *arg);
    void *arg;
};

static int tell(const char *name, void *arg)
{
    struct telling *t = arg;
    char path[NOTE_PATH_SIZE];
    struct stat st;

    snprintf(path, sizeof(path), TAKEN "/%s", name);
    if (fstatat(t->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    return t->fn(name, st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000, t->arg);
}

int arrivals_taken(struct blob_store *s, int (*fn)(const char *name, int64_t at, void *arg),
                   void *arg)
{
    struct telling t = {blob_root(s), fn, arg};

    return note_each(t.root, TAKEN, arrival_valid, 0, tell, &t);
}

int arrival_done(struct blob_store *s, const char *name)
{
    return arrival_valid(str_from(name)) ? note_remove(blob_root(s), TAKEN, name) : 0;
}
