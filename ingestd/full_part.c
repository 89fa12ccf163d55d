/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/full_part.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#include "ingestd/core_part.h"

#define PART        "full.part"
#define OFFSET      "full.offset"
#define FILE_MODE   0640
#define OFFSET_SIZE 21 /* 20 digits and a newline: one write within one sector is whole or not */
#define SYNC_STEP   (8u * 1024 * 1024) /* bytes that a killed server may lose */
#define PIECE_SIZE  (128u * 1024)
#define OPENS_MAX   10 /* of a part that is swept or finished by others meanwhile */

struct full_part {
    struct blob_store *store; /* borrowed, as is: */
    struct shelf *shelf;
    char crash_id[UUID_TEXT_SIZE];
    int dir_fd, fd, offset_fd;
    uint64_t size, synced;
    struct core_head head;
    struct digest *digest; /* over all of size; NULL: it has to be read again */
    bool gone;             /* thrown away: nothing of it may be told any more */
    bool finished;         /* nothing can be added to the digest */
};

DEFINE_CLEANUP(cleanup_part, struct full_part, full_part_close)

/* --- The offset on disk --- */

/* 0 for whatever is no number: nothing was acknowledged then. */
static uint64_t read_offset(int fd)
{
    char text[OFFSET_SIZE];
    uint64_t n;

    if (io_pread(fd, text, OFFSET_SIZE, 0) != OFFSET_SIZE || text[OFFSET_SIZE - 1] != '\n' ||
        str_to_u64((struct str){text, OFFSET_SIZE - 1}, INT64_MAX, &n) < 0)
        return 0;
    return n;
}

static int write_offset(int fd, uint64_t n)
{
    char text[OFFSET_SIZE + 1];

    snprintf(text, sizeof(text), "%020" PRIu64 "\n", n);
    if (pwrite(fd, text, OFFSET_SIZE, 0) != OFFSET_SIZE)
        return -EIO;
    return fdatasync(fd) < 0 ? -errno : 0;
}

static void remove_part(int dir_fd)
{
    (void)unlinkat(dir_fd, PART, 0);
    (void)unlinkat(dir_fd, OFFSET, 0);
}

/* --- Looking --- */

static int look_complete(int dir_fd, uint64_t *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FULLCORE_JSON_MAX);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct fullcore facts;
    int r = io_read_file(dir_fd, BLOB_FULL_FACTS, &b);

    if (r == 0)
        r = fullcore_parse((struct str){buf_text(&b), b.len}, &a, &facts);
    if (r == 0)
        *ret = (uint64_t)facts.received;
    return r;
}

static uint64_t look_partial(int dir_fd)
{
    _cleanup_fd_ int fd = openat(dir_fd, OFFSET, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    uint64_t offset = fd < 0 ? 0 : read_offset(fd);
    struct stat st;

    if (fstatat(dir_fd, PART, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return offset < (uint64_t)st.st_size ? offset : (uint64_t)st.st_size;
}

int full_part_look(struct blob_store *s, const char *crash_id, uint64_t *ret_offset,
                   bool *ret_complete)
{
    _cleanup_fd_ int dir_fd = -1;
    uint64_t offset = 0;
    bool complete;
    int r = blob_crash_folder(s, crash_id, &dir_fd);

    if (r)
        return r == BLOB_NOT_FOUND ? FULL_PART_UNKNOWN : r;
    complete = faccessat(dir_fd, BLOB_FULL, F_OK, 0) == 0;
    if (complete)
        r = look_complete(dir_fd, &offset);
    else
        offset = look_partial(dir_fd);
    if (r < 0)
        return r;
    *ret_offset = offset;
    *ret_complete = complete;
    return 0;
}

/* --- Opening --- */

/* Whether that name still leads to that file. */
static bool is_named(int dir_fd, const char *name, int fd)
{
    struct stat by_name, by_fd;

    return fstatat(dir_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
           by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

static int open_rw(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

    return fd < 0 ? -errno : fd;
}

/* full.part, locked, and still under its name. */
static int open_locked(int dir_fd, int *ret_fd)
{
    for (int i = 0; i < OPENS_MAX; i++) {
        _cleanup_fd_ int fd = -1;

        if (faccessat(dir_fd, BLOB_FULL, F_OK, 0) == 0)
            return FULL_PART_COMPLETE;
        fd = open_rw(dir_fd, PART);
        if (fd < 0)
            return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
            return errno == EWOULDBLOCK ? FULL_PART_BUSY : -errno;
        if (is_named(dir_fd, PART, fd)) {
            *ret_fd = TAKE_FD(fd);
            return 0;
        }
    }
    return FULL_PART_BUSY;
}

/* Cuts off what was never acknowledged. */
static int settle_size(struct full_part *p)
{
    uint64_t offset = read_offset(p->offset_fd);
    struct stat st;

    if (fstat(p->fd, &st) < 0)
        return -errno;
    p->size = offset < (uint64_t)st.st_size ? offset : (uint64_t)st.st_size;
    p->synced = p->size;
    if ((uint64_t)st.st_size > p->size && ftruncate(p->fd, (off_t)p->size) < 0)
        return -errno;
    return lseek(p->fd, (off_t)p->size, SEEK_SET) < 0 ? -errno : 0;
}

static void throw_away(struct full_part *p)
{
    remove_part(p->dir_fd);
    p->gone = true;
}

static int refuse_head(struct full_part *p, int r)
{
    if (r != CORE_HEAD_NOT_A_CORE)
        return r;
    throw_away(p);
    return FULL_PART_NOT_A_CORE;
}

/* What an earlier request brought of the head is looked at again. */
static int read_head(struct full_part *p)
{
    _cleanup_free_ uint8_t *piece = malloc(PIECE_SIZE);
    int r = 0;

    if (!piece)
        return -ENOMEM;
    for (uint64_t at = 0; at < p->size && !p->head.is_core && r == 0;) {
        ssize_t n = io_pread(p->fd, piece, PIECE_SIZE, (off_t)at);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        if ((uint64_t)n > p->size - at)
            n = (ssize_t)(p->size - at);
        r = core_head_add(&p->head, piece, (size_t)n);
        at += (uint64_t)n;
    }
    return refuse_head(p, r);
}

/* The note comes after the lock, so that a sweep, which removes it under the lock of an older part,
 * does not take it; what a kill between the two leaves is an empty file. */
static int open_files(struct full_part *p)
{
    int r = open_locked(p->dir_fd, &p->fd);

    if (r)
        return r;
    p->offset_fd = open_rw(p->dir_fd, OFFSET);
    if (p->offset_fd < 0)
        return p->offset_fd;
    r = settle_size(p);
    if (r == 0)
        r = blob_partial_add(p->store, p->crash_id);
    if (r == 0 && fsync(p->dir_fd) < 0)
        r = -errno;
    return r ? r : read_head(p);
}

int full_part_open(struct blob_store *s, struct shelf *shelf, const char *crash_id,
                   struct full_part **ret)
{
    _cleanup_(cleanup_part) struct full_part *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    p->store = s;
    p->shelf = shelf;
    p->dir_fd = p->fd = p->offset_fd = -1;
    r = blob_crash_folder(s, crash_id, &p->dir_fd);
    if (r)
        return r == BLOB_NOT_FOUND ? FULL_PART_UNKNOWN : r;
    memcpy(p->crash_id, crash_id, UUID_TEXT_SIZE);
    r = open_files(p);
    if (r)
        return r;
    p->digest = p->size == 0 ? digest_new() : shelf_take(shelf, crash_id, p->size);
    *ret = TAKE_PTR(p);
    return 0;
}

void full_part_close(struct full_part *p)
{
    if (!p)
        return;
    core_head_fini(&p->head);
    if (p->size == p->synced && p->size > 0 && !p->gone && !p->finished)
        shelf_put(p->shelf, p->crash_id, p->size, p->digest);
    else
        digest_free(p->digest);
    cleanup_fd(&p->offset_fd);
    cleanup_fd(&p->fd);
    cleanup_fd(&p->dir_fd);
    free(p);
}

uint64_t full_part_size(const struct full_part *p)
{
    return p->size;
}

/* --- Writing --- */

int full_part_add(struct full_part *p, const void *bytes, size_t n)
{
    int r = refuse_head(p, core_head_add(&p->head, bytes, n));

    if (r)
        return r;
    r = io_write(p->fd, bytes, n);
    if (r < 0) { /* some of them may be there */
        if (ftruncate(p->fd, (off_t)p->size) < 0 || lseek(p->fd, (off_t)p->size, SEEK_SET) < 0)
            throw_away(p);
        return r;
    }
    p->size += n;
    if (p->digest)
        digest_add(p->digest, bytes, n);
    return p->size - p->synced >= SYNC_STEP ? full_part_sync(p) : 0;
}

int full_part_sync(struct full_part *p)
{
    int r = 0;

    if (p->gone)
        return -ESTALE;
    if (p->size == p->synced)
        return 0;
    if (fdatasync(p->fd) < 0)
        r = -errno;
    if (r == 0)
        r = write_offset(p->offset_fd, p->size);
    if (r < 0) {
        throw_away(p);
        return r;
    }
    p->synced = p->size;
    return 0;
}

/* --- The end --- */

static int each_piece(struct full_part *p, int (*fn)(void *arg, const void *bytes, size_t n),
                      void *arg)
{
    _cleanup_free_ uint8_t *piece = malloc(PIECE_SIZE);
    int r = 0;

    if (!piece)
        return -ENOMEM;
    for (uint64_t at = 0; at < p->size && r == 0;) {
        ssize_t n = io_pread(p->fd, piece, PIECE_SIZE, (off_t)at);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        r = fn(arg, piece, (size_t)n);
        at += (uint64_t)n;
    }
    return r;
}

static int add_to_digest(void *arg, const void *bytes, size_t n)
{
    digest_add(arg, bytes, n);
    return 0;
}

static int add_to_core(void *arg, const void *bytes, size_t n)
{
    return core_part_add(arg, bytes, n);
}

static int settle_digest(struct full_part *p, char ret[static SHA256_TEXT_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    int r = 0;

    if (!p->digest) {
        p->digest = digest_new();
        r = each_piece(p, add_to_digest, p->digest);
    }
    if (r < 0)
        return r;
    digest_finish(p->digest, digest);
    hex_encode(digest, SHA256_SIZE, ret);
    return 0;
}

/* facts first: whoever sees full.zst finds them. */
static int publish(struct full_part *p, const struct fullcore *facts, int from_fd,
                   const char *from_name)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FULLCORE_JSON_MAX);
    int r;

    fullcore_format(facts, &b);
    r = buf_error(&b);
    if (r == 0)
        r = io_publish(p->dir_fd, BLOB_FULL_FACTS, b.data, b.len, FILE_MODE);
    if (r < 0)
        return r;
    if (renameat(from_fd, from_name, p->dir_fd, BLOB_FULL) < 0 || fsync(p->dir_fd) < 0)
        return -errno;
    remove_part(p->dir_fd);
    return blob_partial_remove(p->store, p->crash_id);
}

static int pack_into(struct full_part *p, int folder_fd, struct fullcore *facts)
{
    struct core_part *core;
    struct core_summary summary;
    int r = core_part_new(folder_fd, UINT64_MAX, &core);

    if (r < 0)
        return r;
    r = each_piece(p, add_to_core, core);
    if (r == 0)
        r = core_part_finish(core, &summary);
    core_part_free(core);
    if (r)
        return r < 0 ? r : -EIO; /* it was one when it came */
    facts->stored = (int64_t)summary.stored;
    memcpy(facts->sha256, summary.sha256, SHA256_TEXT_SIZE);
    return publish(p, facts, folder_fd, BLOB_CORE);
}

/* It came as it is, which its offset had to be counted by; it is stored compressed like any. */
static int finish_plain(struct full_part *p, struct fullcore *facts)
{
    char name[BLOB_PATH_SIZE];
    _cleanup_fd_ int folder_fd = -1;
    int r = blob_crash_begin(p->store, name, &folder_fd);

    if (r < 0)
        return r;
    r = pack_into(p, folder_fd, facts);
    blob_crash_discard(p->store, name);
    return r;
}

static int finish_packed(struct full_part *p, struct fullcore *facts)
{
    int r = settle_digest(p, facts->sha256);

    facts->stored = (int64_t)p->size;
    return r < 0 ? r : publish(p, facts, p->dir_fd, PART);
}

int full_part_finish(struct full_part *p, struct fullcore *facts)
{
    int r = p->head.is_core ? full_part_sync(p) : refuse_head(p, CORE_HEAD_NOT_A_CORE);

    p->finished = true;
    if (r)
        return r;
    facts->received = (int64_t)p->size;
    return p->head.encoding == CORE_ZSTD ? finish_packed(p, facts) : finish_plain(p, facts);
}

/* --- The sweep --- */

/* Emptied first: what a kill leaves without a note is small. */
static int sweep_locked(struct blob_store *s, const char *crash_id, int dir_fd, int fd)
{
    int r = ftruncate(fd, 0) < 0 ? -errno : 0;

    if (r == 0)
        r = blob_partial_remove(s, crash_id);
    if (r == 0)
        remove_part(dir_fd);
    return r;
}

static int sweep_one(const char *crash_id, void *arg)
{
    struct blob_store *s = arg;
    _cleanup_fd_ int dir_fd = -1, fd = -1;
    int r = blob_crash_folder(s, crash_id, &dir_fd);

    if (r < 0)
        return r;
    if (r == 0)
        fd = openat(dir_fd, PART, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) { /* the crash is gone, or the core was finished */
        if (r == 0)
            (void)unlinkat(dir_fd, OFFSET, 0);
        return blob_partial_remove(s, crash_id);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_named(dir_fd, PART, fd))
        return 0;
    return sweep_locked(s, crash_id, dir_fd, fd);
}

int full_part_sweep(struct blob_store *s, int64_t age_usec)
{
    return blob_partial_each(s, age_usec, sweep_one, s);
}
