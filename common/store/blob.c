/* SPDX-License-Identifier: Apache-2.0 */
/* What survives a power cut was tried out, not assumed: only file fsynced, renamed, and then its
 * folder fsynced keeps every acknowledged crash (without the last step the newest is lost, without
 * the first all content is). So a commit is, in this order:
 *
 *   1. pending/<id> made, pending/ fsynced: before the crash is visible, for a worker may take it
 *      at once. A cut after this step leaves an entry for a crash that is not there.
 *   2. the folder in tmp/ fsynced: the names of its files.
 *   3. YYYY/MM/DD made, each parent fsynced: once a day, the durable one is remembered.
 *   4. renameat2(RENAME_NOREPLACE): the one moment at which the crash begins to exist.
 *   5. YYYY/MM/DD fsynced: also before BLOB_EXISTS is answered, for the other maker may not be
 *      this far yet. */
#include "common/store/blob.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/store/notes.h"

#define FOLDER_MODE       0770
#define FILE_MODE         0640
#define YEAR_9999_END_SEC 253402300800 /* 10000-01-01T00:00:00Z */
#define MSEC_PER_DAY      86400000
#define MODULES_COUNT     "modules/count"
#define BUILD_ID_DIGITS   128 /* 64 bytes */

struct blob_store {
    int root;
    _Atomic int64_t
        durable_day; /* days since the epoch, -1: none. Its folder and all above are on disk. */
};

/* --- Folders --- */

/* mkdir for owner and group whatever the umask. The set-group-ID bit comes down from the root by
 * itself; a chmod that names it would be refused under systemd's RestrictSUIDSGID=, so there is
 * none where the umask is right (0007 in our units). */
static int make_folder(int root, const char *path)
{
    struct stat st;

    if (mkdirat(root, path, FOLDER_MODE) < 0)
        return errno == EEXIST ? 0 : -errno;
    if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if ((st.st_mode & FOLDER_MODE) == FOLDER_MODE)
        return 0;
    return fchmodat(root, path, (st.st_mode & 07777) | FOLDER_MODE, 0) < 0 ? -errno : 0;
}

/* Makes all folders of the path and fsyncs the parent of each, made now or found: who finds a
 * folder cannot know whether its maker has come to fsync it. The last one itself is left to the
 * caller, who is about to put something in. */
static int make_folders_durable(int root, const char *path)
{
    char prefix[BLOB_PATH_SIZE], parent[BLOB_PATH_SIZE] = ".";

    for (const char *slash = strchr(path, '/');; slash = strchr(slash + 1, '/')) {
        int n = slash ? (int)(slash - path) : (int)strlen(path);
        int r;

        snprintf(prefix, sizeof(prefix), "%.*s", n, path);
        r = make_folder(root, prefix);
        if (r == 0)
            r = io_sync_dir(root, parent);
        if (r < 0 || !slash)
            return r;
        memcpy(parent, prefix, sizeof(parent));
    }
}

static int make_root(const char *root)
{
    struct stat st;

    return stat(root, &st) == 0 ? 0 : io_mkdirs(AT_FDCWD, root, FOLDER_MODE);
}

static int make_layout(int root)
{
    static const char *const folders[] = {"crashes", "modules", "pending", "partial",
                                          "arrived", "healing", "tmp"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++)
        r = make_folder(root, folders[i]);
    return r < 0 ? r : io_sync_dir(root, ".");
}

int blob_open(const char *root, bool create, struct blob_store **ret)
{
    _cleanup_fd_ int fd = -1;
    struct blob_store *s;
    int r;

    r = create ? make_root(root) : 0;
    if (r < 0)
        return r;
    fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = create ? make_layout(fd) : 0;
    if (r < 0)
        return r;
    s = malloc(sizeof(*s));
    if (!s)
        abort();
    s->root = TAKE_FD(fd);
    atomic_init(&s->durable_day, -1);
    *ret = s;
    return 0;
}

void blob_close(struct blob_store *s)
{
    if (!s)
        return;
    close(s->root);
    free(s);
}

int blob_root(const struct blob_store *s)
{
    return s->root;
}

int blob_free_bytes(struct blob_store *s, uint64_t *ret)
{
    struct statvfs st;

    if (fstatvfs(s->root, &st) < 0)
        return -errno;
    /* File systems without a fixed number of inodes (btrfs) report none at all. */
    *ret = st.f_files > 0 && st.f_favail == 0 ? 0 : (uint64_t)st.f_bavail * st.f_frsize;
    return 0;
}

/* --- Crashes --- */

bool blob_crash_id_valid(struct str id)
{
    return uuid_valid(id) && uuid_time_msec(id.p) / 1000 < YEAR_9999_END_SEC;
}

/* "crashes/2026/11/21", and the same as a number of days. */
static void day_path(const char *crash_id, char ret[static BLOB_PATH_SIZE], int64_t *ret_day)
{
    int64_t msec = uuid_time_msec(crash_id);
    time_t seconds = msec / 1000;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(ret, BLOB_PATH_SIZE, "crashes/%04d/%02d/%02d", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday);
    *ret_day = msec / MSEC_PER_DAY;
}

/* Where the crash is, or a file of it. A pure function of the id, which has to be a valid one. */
static int crash_path(const char *crash_id, const char *file, char ret[static BLOB_PATH_SIZE])
{
    char day[BLOB_PATH_SIZE];
    int64_t number;
    int n;

    if (!blob_crash_id_valid(str_from(crash_id)))
        return BLOB_NOT_FOUND;
    day_path(crash_id, day, &number);
    n = snprintf(ret, BLOB_PATH_SIZE, "%s/%s%s%s", day, crash_id, file ? "/" : "",
                 file ? file : "");
    return n < BLOB_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

static int open_found(int root, const char *path, int flags, int *ret_fd)
{
    int fd = openat(root, path, flags | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT ? BLOB_NOT_FOUND : -errno;
    *ret_fd = fd;
    return 0;
}

int blob_crash_begin(struct blob_store *s, char ret_name[static BLOB_PATH_SIZE], int *ret_fd)
{
    char name[BLOB_PATH_SIZE], hex[33];
    uint8_t random[16];
    int fd, r;

    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), hex);
    snprintf(name, sizeof(name), "tmp/%s", hex);
    r = make_folder(s->root, name);
    if (r < 0)
        return r;
    fd = openat(s->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        r = -errno;
        unlinkat(s->root, name, AT_REMOVEDIR);
        return r;
    }
    memcpy(ret_name, name, sizeof(name));
    *ret_fd = fd;
    return 0;
}

void blob_crash_discard(struct blob_store *s, const char *name)
{
    assert(cstr_starts(name, "tmp/"));
    (void)io_remove_tree(s->root, name);
}

static int ensure_day(struct blob_store *s, const char *day, int64_t number)
{
    int r;

    if (atomic_load(&s->durable_day) == number)
        return 0;
    r = make_folders_durable(s->root, day);
    if (r == 0)
        atomic_store(&s->durable_day, number);
    return r;
}

/* Steps 3 to 5. A failed fsync is not tried again: the kernel may have forgotten the error and the
 * data. What could not be made durable is taken back, so that a repeated upload does not find it
 * and believe in it. */
static int publish(struct blob_store *s, const char *name, const char *crash_id, const char *final)
{
    char day[BLOB_PATH_SIZE];
    int64_t number;
    bool exists;
    int r;

    day_path(crash_id, day, &number);
    r = ensure_day(s, day, number);
    if (r < 0)
        return r;
    r = renameat2(s->root, name, s->root, final, RENAME_NOREPLACE) < 0 ? -errno : 0;
    exists = r == -EEXIST;
    if (r < 0 && !exists) {
        /* -ENOENT: retention has removed the day meanwhile. */
        atomic_store(&s->durable_day, -1);
        return r;
    }
    r = io_sync_dir(s->root, day);
    if (r < 0 && !exists)
        (void)renameat2(s->root, final, s->root, name, RENAME_NOREPLACE);
    return r < 0 ? r : exists ? BLOB_EXISTS : 0;
}

/* The pending entry is not made for a crash that is there already: it may have been done long ago.
 * In a race of two makers it is, and stays: the winner needs it. */
int blob_crash_commit(struct blob_store *s, const char *name, int fd, const char *crash_id)
{
    char final[BLOB_PATH_SIZE];
    int r = 0;

    assert(cstr_starts(name, "tmp/"));
    if (crash_path(crash_id, NULL, final) != 0)
        return -EINVAL;
    if (faccessat(s->root, final, F_OK, 0) < 0)
        r = blob_pending_add(s, crash_id);
    if (r < 0)
        return r;
    if (fsync(fd) < 0)
        return -errno;
    return publish(s, name, crash_id, final);
}

/* Away from its name first: nobody finds half of it. */
int blob_crash_remove(struct blob_store *s, const char *crash_id)
{
    char path[BLOB_PATH_SIZE], name[BLOB_PATH_SIZE], hex[33];
    uint8_t random[16];
    int r = crash_path(crash_id, NULL, path);

    if (r)
        return r;
    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), hex);
    snprintf(name, sizeof(name), "tmp/%s", hex);
    if (renameat2(s->root, path, s->root, name, RENAME_NOREPLACE) < 0)
        return errno == ENOENT ? BLOB_NOT_FOUND : -errno;
    return io_remove_tree(s->root, name);
}

int blob_crash_open(struct blob_store *s, const char *crash_id, int *ret_fd)
{
    char path[BLOB_PATH_SIZE];
    int r = crash_path(crash_id, NULL, path);

    return r ? r : open_found(s->root, path, O_PATH | O_DIRECTORY, ret_fd);
}

int blob_crash_folder(struct blob_store *s, const char *crash_id, int *ret_fd)
{
    char path[BLOB_PATH_SIZE];
    int r = crash_path(crash_id, NULL, path);

    return r ? r : open_found(s->root, path, O_RDONLY | O_DIRECTORY, ret_fd);
}

int blob_crash_file(struct blob_store *s, const char *crash_id, const char *name, int *ret_fd)
{
    char path[BLOB_PATH_SIZE];
    int r = crash_path(crash_id, name, path);

    return r ? r : open_found(s->root, path, O_RDONLY, ret_fd);
}

int blob_crash_read(struct blob_store *s, const char *crash_id, const char *name, struct buf *b)
{
    _cleanup_fd_ int fd = -1;
    int r = blob_crash_file(s, crash_id, name, &fd);

    return r ? r : io_read_fd(fd, b);
}

int blob_crash_write_analysis(struct blob_store *s, const char *crash_id, struct str json)
{
    char path[BLOB_PATH_SIZE];
    int r = crash_path(crash_id, "analysis.json", path);

    if (r)
        return r;
    r = io_replace(s->root, path, json.p, json.n, FILE_MODE);
    return r == -ENOENT ? BLOB_NOT_FOUND : r;
}

/* --- Pending and partial entries --- */

static int add_note(struct blob_store *s, const char *folder, const char *crash_id)
{
    return blob_crash_id_valid(str_from(crash_id)) ? note_add(s->root, folder, crash_id) : -EINVAL;
}

static int remove_note(struct blob_store *s, const char *folder, const char *crash_id)
{
    return blob_crash_id_valid(str_from(crash_id)) ? note_remove(s->root, folder, crash_id) : 0;
}

int blob_pending_add(struct blob_store *s, const char *crash_id)
{
    return add_note(s, "pending", crash_id);
}

int blob_pending_remove(struct blob_store *s, const char *crash_id)
{
    return remove_note(s, "pending", crash_id);
}

bool blob_pending_has(struct blob_store *s, const char *crash_id)
{
    return blob_crash_id_valid(str_from(crash_id)) && note_has(s->root, "pending", crash_id);
}

int blob_partial_add(struct blob_store *s, const char *crash_id)
{
    return add_note(s, "partial", crash_id);
}

int blob_partial_remove(struct blob_store *s, const char *crash_id)
{
    return remove_note(s, "partial", crash_id);
}

int blob_pending_each(struct blob_store *s, int64_t min_age_usec,
                      int (*fn)(const char *crash_id, void *arg), void *arg)
{
    return note_each(s->root, "pending", blob_crash_id_valid, min_age_usec, fn, arg);
}

int blob_partial_each(struct blob_store *s, int64_t min_age_usec,
                      int (*fn)(const char *crash_id, void *arg), void *arg)
{
    return note_each(s->root, "partial", blob_crash_id_valid, min_age_usec, fn, arg);
}

/* --- Modules --- */

static const char *const kind_names[MODULE_KIND_COUNT] = {
    [MODULE_EXECUTABLE] = "executable",
    [MODULE_DEBUGINFO] = "debuginfo",
    [MODULE_UNWIND] = "unwind",
};

const char *module_kind_name(enum module_kind k)
{
    assert(k < MODULE_KIND_COUNT);
    return kind_names[k];
}

int module_kind_parse(struct str s, enum module_kind *ret)
{
    for (size_t i = 0; i < MODULE_KIND_COUNT; i++)
        if (str_eq(s, str_from(kind_names[i]))) {
            *ret = (enum module_kind)i;
            return 0;
        }
    return -EINVAL;
}

/* The folder of a build-id, or the file in it. */
static int module_path(const char *build_id, const char *file, char ret[static BLOB_PATH_SIZE])
{
    if (!hex_valid(str_from(build_id), BUILD_ID_DIGITS))
        return BLOB_NOT_FOUND;
    snprintf(ret, BLOB_PATH_SIZE, "modules/%.2s/%s%s%s", build_id, build_id, file ? "/" : "",
             file ? file : "");
    return 0;
}

int blob_module_open(struct blob_store *s, const char *build_id, enum module_kind k, int *ret_fd)
{
    char path[BLOB_PATH_SIZE];
    int r = module_path(build_id, module_kind_name(k), path);

    return r ? r : open_found(s->root, path, O_RDONLY, ret_fd);
}

bool blob_module_has(struct blob_store *s, const char *build_id, enum module_kind k)
{
    char path[BLOB_PATH_SIZE];

    return module_path(build_id, module_kind_name(k), path) == 0 &&
           faccessat(s->root, path, F_OK, 0) == 0;
}

bool blob_module_since(struct blob_store *s, const char *build_id, enum module_kind k, int64_t usec)
{
    char path[BLOB_PATH_SIZE];
    struct stat st;

    /* The link that gave it its name was the last change of its inode. */
    return module_path(build_id, module_kind_name(k), path) == 0 &&
           fstatat(s->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_ctim.tv_sec * USEC_PER_SEC + st.st_ctim.tv_nsec / 1000 >= usec;
}

int blob_module_begin(struct blob_store *s, int *ret_fd)
{
    int fd = openat(s->root, "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

/* Not on stable storage: who remembers what it was does so in memory. */
static int count_module(struct blob_store *s)
{
    _cleanup_fd_ int fd =
        openat(s->root, MODULES_COUNT, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);

    return fd < 0 ? -errno : io_write(fd, ".", 1);
}

uint64_t blob_modules_changed(struct blob_store *s)
{
    struct stat st;

    return fstatat(s->root, MODULES_COUNT, &st, 0) < 0 ? 0 : (uint64_t)st.st_size;
}

/* linkat by /proc needs no privilege, unlike AT_EMPTY_PATH (open(2), O_TMPFILE). Never replaces.
 * One that is there already is counted as well: whoever linked it may have been killed before it
 * counted. */
int blob_module_commit(struct blob_store *s, int fd, const char *build_id, enum module_kind k)
{
    char folder[BLOB_PATH_SIZE], path[BLOB_PATH_SIZE], self[64];
    bool exists;
    int r;

    if (module_path(build_id, NULL, folder) != 0 ||
        module_path(build_id, module_kind_name(k), path) != 0)
        return -EINVAL;
    if (fsync(fd) < 0)
        return -errno;
    r = make_folders_durable(s->root, folder);
    if (r < 0)
        return r;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    exists = linkat(AT_FDCWD, self, s->root, path, AT_SYMLINK_FOLLOW) < 0;
    if (exists && errno != EEXIST)
        return -errno;
    r = io_sync_dir(s->root, folder);
    if (r == 0)
        r = count_module(s);
    return r < 0 ? r : exists ? BLOB_EXISTS : 0;
}

int blob_modules_folder(struct blob_store *s, int *ret_fd)
{
    return open_found(s->root, "modules", O_RDONLY | O_DIRECTORY, ret_fd);
}

int blob_index_path(const char *build_id, char ret[static BLOB_PATH_SIZE])
{
    if (!hex_valid(str_from(build_id), BUILD_ID_DIGITS))
        return BLOB_NOT_FOUND;
    snprintf(ret, BLOB_PATH_SIZE, "%.2s/%s/index", build_id, build_id);
    return 0;
}

/* --- Leftovers --- */

int blob_sweep_tmp(struct blob_store *s, int64_t age_usec)
{
    _cleanup_dir_ DIR *dir = NULL;
    struct dirent *entry;
    int first = 0, r = note_open_folder(s->root, "tmp", &dir);

    if (r < 0)
        return r;
    while ((errno = 0, entry = readdir(dir))) {
        struct stat st;

        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            note_age(&st) < age_usec)
            continue;
        r = io_remove_tree(dirfd(dir), entry->d_name);
        if (first == 0)
            first = r; /* and go on: what can't be removed is not in the way of the rest */
    }
    return first ? first : -errno;
}
