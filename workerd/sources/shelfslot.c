/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/sources/shelfslot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "workerd/index/checksum.h"
#include "workerd/index/writer.h"

#define FILE_MODE    0640
#define FOLDER_MODE  0700 /* of a cache: it is one user's */
#define NSEC_PER_SEC 1000000000u
#define LOCK_USEC    (2 * USEC_PER_SEC)
#define LOCK_TURN    (20 * USEC_PER_MSEC)
#define TRUSTED_SEC  3600  /* an index that was read whole is not read again for so long */
#define REFUSED_SEC  86400 /* what could not be made is tried again after it */

/* --- Where it is --- */

/* Where everybody may write, anybody decides what functions are called, and what a symlink there
 * has this process make or drop. */
int shelf_root(const struct shelf *s, int *ret_fd)
{
    struct stat st;

    if (!s->folder)
        return s->sources.store ? blob_modules_folder(s->sources.store, ret_fd) : -ENOENT;
    _cleanup_fd_ int fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_mode & S_IWOTH)
        return -EPERM;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

const char *shelf_suffix(const struct shelf *s)
{
    return s->folder ? "" : "/index";
}

/* In a cache the name has a hash of all that an index depends on, so that those of other files with
 * the same name, and of other versions of this program, are not in each other's way. */
static uint64_t hash_identity(const struct shelf_identity *i, const char *path)
{
    const uint32_t version = INDEX_VERSION;
    struct xxh64 x;

    xxh64_begin(&x, version);
    xxh64_add(&x, i->sources, i->n * sizeof i->sources[0]);
    if (i->build_id[0] == '\0') {
        xxh64_add(&x, &i->inode, sizeof i->inode);
        xxh64_add(&x, path, strlen(path));
    }
    return xxh64_end(&x);
}

static void cache_path(const struct shelf_identity *i, const char *path,
                       char ret[static BLOB_PATH_SIZE])
{
    uint64_t hash = hash_identity(i, path);

    if (i->build_id[0])
        snprintf(ret, BLOB_PATH_SIZE, "%.2s/%s-%016jx", i->build_id, i->build_id, (uintmax_t)hash);
    else
        snprintf(ret, BLOB_PATH_SIZE, "%02x/file-%016jx", (unsigned)(hash >> 56), (uintmax_t)hash);
}

static int open_cache(const struct shelf *s, const struct shelf_identity *i, const char *path,
                      struct shelf_slot *slot)
{
    char folder[3] = {0};

    cache_path(i, path, slot->path);
    memcpy(folder, slot->path, 2);
    int r = shelf_root(s, &slot->root);

    if (r == -ENOENT && (r = io_mkdirs(AT_FDCWD, s->folder, FOLDER_MODE)) == 0)
        r = shelf_root(s, &slot->root);
    return r == 0 ? io_mkdirs(slot->root, folder, FOLDER_MODE) : r;
}

void shelf_slot_find(const struct shelf *s, const struct shelf_identity *i, const char *path,
                     struct shelf_slot *ret)
{
    struct shelf_slot slot = {.root = -1};
    int r;

    if (s->folder)
        r = open_cache(s, i, path, &slot);
    else if (!s->sources.store)
        r = -ENOENT;
    else if ((r = blob_index_path(i->build_id, slot.path)) == 0)
        r = shelf_root(s, &slot.root);
    if (r != 0)
        shelf_slot_fini(&slot);
    *ret = slot;
}

void shelf_slot_fini(struct shelf_slot *slot)
{
    if (slot->root >= 0)
        close(slot->root);
    slot->root = -1;
}

/* --- What lies there --- */

/* A file that is mapped as an index. */
struct mapped_index {
    struct index index;
    struct stat st;
    void *data;
};

static void mapped_index_fini(struct mapped_index *m)
{
    if (m->data)
        munmap(m->data, (size_t)m->st.st_size);
    m->data = NULL;
}

#define _cleanup_mapped_ _cleanup_(mapped_index_fini)

/* False for what is no index. */
static bool map_index(int fd, struct mapped_index *m)
{
    if (fstat(fd, &m->st) < 0 || !S_ISREG(m->st.st_mode) ||
        (uint64_t)m->st.st_size < sizeof(struct index_header) ||
        (uint64_t)m->st.st_size > INDEX_SIZE_MAX)
        return false;
    void *data = mmap(NULL, (size_t)m->st.st_size, PROT_READ, MAP_SHARED, fd, 0);

    if (data == MAP_FAILED)
        return false;
    m->data = data;
    return index_open(data, (size_t)m->st.st_size, &m->index) == 0;
}

/* The header alone; false for what is no index. */
static bool read_header(int fd, struct stat *st, struct index_header *ret)
{
    return fstat(fd, st) == 0 && S_ISREG(st->st_mode) && (uint64_t)st->st_size >= sizeof *ret &&
           io_pread(fd, ret, sizeof *ret, 0) == (ssize_t)sizeof *ret &&
           index_check_header(ret, (uint64_t)st->st_size) == 0;
}

/* Made of these sources. */
static bool fits(const struct index_header *h, const struct shelf_identity *i)
{
    return h->n_sources == i->n &&
           memcmp(h->sources, i->sources, i->n * sizeof i->sources[0]) == 0 &&
           (i->build_id[0] == '\0' || strcmp(h->build_id, i->build_id) == 0);
}

static time_t boot_time(void)
{
    struct timespec now, since;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since);
    return now.tv_sec - since.tv_sec;
}

static long checksum_nsec(const struct index_header *h)
{
    return (long)(h->checksum % NSEC_PER_SEC);
}

/* Age by the time of modification; a clock that was set back makes it old. */
static bool is_younger(const struct stat *st, time_t seconds)
{
    time_t age = time(NULL) - st->st_mtim.tv_sec;

    return age >= 0 && age < seconds;
}

/* Somebody read it whole not long ago, and it was not written since; what was written before a
 * power cut may have been lost, though its times were not. */
static bool is_trusted(const struct stat *st, const struct index_header *h)
{
    return is_younger(st, TRUSTED_SEC) && st->st_mtim.tv_nsec == checksum_nsec(h) &&
           st->st_mtim.tv_sec > boot_time();
}

/* Fails where it belongs to another user, which costs a reading each time. */
static void note_use(int fd, const struct index_header *h)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = time(NULL), .tv_nsec = checksum_nsec(h)}};

    (void)futimens(fd, times);
}

static bool is_refusal(const struct index_header *h)
{
    return h->flags & INDEX_REFUSED;
}

static int open_slot(const struct shelf_slot *slot)
{
    if (slot->root < 0)
        return -1;
    return openat(slot->root, slot->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Reads it whole; why there is no index, when it is a note that says so. */
static int verify(int fd, const struct shelf_identity *i,
                  char ret_problem[static SHELF_PROBLEM_SIZE])
{
    _cleanup_mapped_ struct mapped_index m = {0};

    if (!map_index(fd, &m) || !fits(m.index.header, i) || index_verify(&m.index) != 0)
        return SLOT_EMPTY;
    if (is_refusal(m.index.header)) {
        const char *text = index_text(&m.index, m.index.header->debug_problem);

        snprintf(ret_problem, SHELF_PROBLEM_SIZE, "%s", text ? text : "");
        return is_younger(&m.st, REFUSED_SEC) ? SLOT_REFUSED : SLOT_EMPTY;
    }
    note_use(fd, m.index.header);
    return 0;
}

int shelf_slot_open(const struct shelf_slot *slot, const struct shelf_identity *i, int *ret_fd,
                    char ret_problem[static SHELF_PROBLEM_SIZE])
{
    _cleanup_fd_ int fd = open_slot(slot);
    struct index_header h;
    struct stat st;

    if (fd < 0 || !read_header(fd, &st, &h) || !fits(&h, i))
        return SLOT_EMPTY;
    if (is_refusal(&h) || !is_trusted(&st, &h)) {
        int r = verify(fd, i, ret_problem);

        if (r != 0)
            return r;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

bool shelf_slot_status(const struct shelf_slot *slot, const struct shelf_identity *i,
                       enum module_status *ret)
{
    _cleanup_fd_ int fd = open_slot(slot);
    struct index_header h;
    struct stat st;

    if (fd < 0 || !read_header(fd, &st, &h) || !fits(&h, i) || is_refusal(&h))
        return false;
    *ret = index_status(&(const struct index){.header = &h});
    return true;
}

/* --- Filling it --- */

int shelf_slot_begin(const struct shelf_slot *slot, int *ret_fd)
{
    int fd = -1;

    if (slot->root >= 0)
        fd = openat(slot->root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        fd = memfd_create("index", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int shelf_slot_check(int fd, const struct shelf_identity *i)
{
    _cleanup_mapped_ struct mapped_index m = {0};

    if (!map_index(fd, &m) || !fits(m.index.header, i) || is_refusal(m.index.header) ||
        index_verify(&m.index) != 0)
        return SLOT_EMPTY;
    note_use(fd, m.index.header);
    return 0;
}

/* A link cannot replace what is there, so it is made beside it and renamed. */
void shelf_slot_keep(const struct shelf_slot *slot, int fd)
{
    char self[64], hex[33], name[64];
    uint8_t random[16];

    if (slot->root < 0)
        return;
    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, hex);
    snprintf(name, sizeof name, SHELF_TEMPORARY "%s", hex);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, slot->root, name, AT_SYMLINK_FOLLOW) < 0)
        return;
    if (renameat(slot->root, name, slot->root, slot->path) < 0)
        (void)unlinkat(slot->root, name, 0);
}

static int write_refusal(const struct shelf_identity *i, const char *problem, struct buf *ret)
{
    struct index_writer *w = index_writer_new();

    if (!w)
        return -ENOMEM;
    index_writer_identity(w, 0, false, i->build_id);
    for (size_t k = 0; k < i->n; k++)
        index_writer_source(w, &i->sources[k]);
    index_writer_flags(w, INDEX_REFUSED);
    index_writer_problem(w, problem);
    int r = index_writer_finish(w, ret);

    index_writer_free(w);
    return r;
}

void shelf_slot_refuse(const struct shelf_slot *slot, const struct shelf_identity *i,
                       const char *problem)
{
    _cleanup_buf_ struct buf b = BUF_INIT(INDEX_SIZE_MAX);
    _cleanup_fd_ int fd = -1;

    if (slot->root >= 0 && write_refusal(i, problem, &b) == 0 && shelf_slot_begin(slot, &fd) == 0 &&
        io_write(fd, b.data, b.len) == 0)
        shelf_slot_keep(slot, fd);
}

/* The lock is the folder that the slot is in: a file of its own would have to be tidied up. */
int shelf_slot_lock(const struct shelf_slot *slot)
{
    char folder[BLOB_PATH_SIZE];

    if (slot->root < 0)
        return -1;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(slot->path, '/') - slot->path),
             slot->path);
    _cleanup_fd_ int fd = openat(slot->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int64_t waited = 0; fd >= 0; waited += LOCK_TURN) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return TAKE_FD(fd);
        if (errno != EWOULDBLOCK || waited >= LOCK_USEC)
            break;
        clock_sleep(LOCK_TURN);
    }
    return -1;
}
