/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client/spool/spool.h"

#define LOCK_STEP   100 /* usec between two tries */
#define CLOCK_SLACK (3600 * USEC_PER_SEC)

static const char magic[8] = "CORRALED";

/* --- The lock --- */

/* There is no flock(2) with a time limit, and a signal that ends one is not ours to send in a
 * program that has its own watchdog. */
bool ledger_lock(struct ledger *l)
{
    int64_t end = clock_mono() + (l->impatient ? 0 : LEDGER_PATIENCE);

    while (flock(l->fd, LOCK_EX | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || clock_mono() >= end) {
            l->impatient = true;
            return false;
        }
        clock_sleep(LOCK_STEP);
    }
    l->impatient = false;
    return true;
}

void ledger_unlock(struct ledger *l)
{
    (void)flock(l->fd, LOCK_UN);
}

/* --- Opening --- */

/* Nobody but the spool's owner could have put it there; root gives its own to that owner, also what
 * a kill kept it from giving the last time. */
static int check_file(int fd, int dir_fd)
{
    struct stat file, dir;

    if (fstat(fd, &file) < 0 || fstat(dir_fd, &dir) < 0)
        return -errno;
    if (!S_ISREG(file.st_mode) || file.st_nlink != 1)
        return -EPERM;
    if (file.st_uid == dir.st_uid)
        return 0;
    return spool_own(&(struct spool){.uid = dir.st_uid, .gid = dir.st_gid}, fd);
}

/* A file system that copies on write (btrfs) needs new room for every change, which may be missing
 * one day; others know nothing of this flag. */
static void write_in_place(int fd)
{
    int flags;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_NOCOW_FL)) {
        flags |= FS_NOCOW_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
}

/* All of its blocks are there from the first day: a store into a mapping has no way to fail. Never
 * shortened: others may have it mapped. */
static int allocate(int fd)
{
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size >= (off_t)sizeof(struct ledger_map))
        return 0;
    if (st.st_size == 0)
        write_in_place(fd);
    r = posix_fallocate(fd, 0, sizeof(struct ledger_map));
    return -r;
}

static bool is_ours(const struct ledger_map *m)
{
    const struct ledger_header *h = &m->header;

    return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->version == LEDGER_VERSION &&
           h->records == LEDGER_RECORDS && h->record_size == sizeof(struct ledger_record);
}

static void begin_anew(struct ledger_map *m)
{
    memset(m->header.magic, 0, sizeof(m->header.magic));
    atomic_thread_fence(memory_order_release);
    memset(m->rows, 0, sizeof(m->rows));
    memset(m->records, 0, sizeof(m->records));
    atomic_store(&m->rows[0].state, BUDGET_HOST + 1);
    m->header.version = LEDGER_VERSION;
    m->header.records = LEDGER_RECORDS;
    m->header.record_size = sizeof(struct ledger_record);
    atomic_thread_fence(memory_order_release);
    memcpy(m->header.magic, magic, sizeof(magic));
}

static int map_file(struct ledger *l)
{
    void *p = mmap(NULL, sizeof(struct ledger_map), PROT_READ | PROT_WRITE, MAP_SHARED, l->fd, 0);

    if (p == MAP_FAILED)
        return -errno;
    l->map = p;
    return 0;
}

/* Half-made, damaged, or of another version. */
static int make(struct ledger *l)
{
    int r = -EBUSY;

    if (ledger_lock(l)) {
        r = allocate(l->fd);
        if (r == 0 && !l->map)
            r = map_file(l);
        if (r == 0 && !is_ours(l->map))
            begin_anew(l->map);
        ledger_unlock(l);
    }
    return r;
}

static int open_and_map(int dir_fd, struct ledger *l)
{
    struct stat st;
    int r;

    l->fd = openat(dir_fd, LEDGER_FILE,
                   O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (l->fd < 0)
        return -errno;
    r = check_file(l->fd, dir_fd);
    if (r < 0)
        return r;
    if (fstat(l->fd, &st) < 0)
        return -errno;
    if (st.st_size >= (off_t)sizeof(struct ledger_map)) {
        r = map_file(l);
        if (r < 0 || is_ours(l->map))
            return r;
    }
    return make(l);
}

int ledger_file_open(int dir_fd, struct ledger *l)
{
    int r;

    *l = (struct ledger){.fd = -1};
    r = open_and_map(dir_fd, l);
    if (r < 0)
        ledger_file_close(l);
    return r;
}

void ledger_file_close(struct ledger *l)
{
    if (l->map)
        munmap(l->map, sizeof(*l->map));
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct ledger){.fd = -1};
}

/* --- Records --- */

static bool is_sane(int64_t number)
{
    return number >= 0 && number <= INT64_MAX / 2;
}

static int64_t difference(int64_t counted, int64_t settled)
{
    int64_t n = is_sane(counted) && is_sane(settled) ? counted - settled : 0;

    return n > 0 && n <= LEDGER_PENDING_MAX ? n : 0;
}

int64_t ledger_waiting(const struct ledger_record *r)
{
    return difference(atomic_load(&r->counted), atomic_load(&r->settled));
}

/* Somebody without the lock may add to `counted` at any moment: it is looked at once. */
void ledger_mend(struct ledger_record *r)
{
    int64_t counted = atomic_load(&r->counted), settled = atomic_load(&r->settled);

    if (!is_sane(counted))
        atomic_store(&r->counted, counted = 0);
    if (difference(counted, settled) == 0 && settled != counted)
        atomic_store(&r->settled, settled = counted);
    if (atomic_load(&r->claimed) > counted)
        atomic_store(&r->claimed, settled);
}

struct ledger_record *ledger_find(struct ledger *l, enum budget_scope scope,
                                  const struct ledger_key *key)
{
    struct ledger_row *rows = l->map->rows;

    if (scope == BUDGET_HOST)
        return &l->map->records[0];
    for (size_t i = 1; i < LEDGER_RECORDS; i++)
        if (memcmp(&rows[i].key, key, sizeof(*key)) == 0 &&
            atomic_load_explicit(&rows[i].state, memory_order_acquire) == scope + 1)
            return &l->map->records[i];
    return NULL;
}

/* 0: none. Records are looked at only where the row is better than the best so far: most of them
 * are not in the caches. What was used in the future was used before the clock was set back. */
static size_t choose_victim(const struct ledger_map *m, int64_t now)
{
    int64_t oldest = INT64_MAX;
    size_t victim = 0;

    for (size_t i = 1; i < LEDGER_RECORDS; i++) {
        bool unused = atomic_load(&m->rows[i].state) == 0;
        int64_t used_at = atomic_load(&m->rows[i].used_at);

        if (used_at > now && used_at - now > CLOCK_SLACK)
            used_at = 0;
        if ((!unused && used_at >= oldest) || ledger_waiting(&m->records[i]) > 0)
            continue;
        victim = i;
        oldest = used_at;
        if (unused)
            break;
    }
    return victim;
}

struct ledger_record *ledger_insert(struct ledger *l, enum budget_scope scope,
                                    const struct ledger_key *key, int64_t now)
{
    struct ledger_record *r = ledger_find(l, scope, key);
    struct ledger_row *row;
    size_t victim;

    if (r)
        return r;
    victim = choose_victim(l->map, now);
    if (victim == 0)
        return NULL;
    row = &l->map->rows[victim];
    r = &l->map->records[victim];
    atomic_store_explicit(&row->state, 0, memory_order_seq_cst);
    row->key = *key;
    for (size_t i = 0; i < LEDGER_LEVELS; i++)
        atomic_store(&r->full_at[i], 0);
    atomic_store(&r->want, FIDELITY_UNSAID);
    atomic_store(&r->described, 0);
    atomic_store(&r->has_like, 0);
    ledger_mend(r);
    atomic_store(&row->used_at, now);
    atomic_store_explicit(&row->state, scope + 1, memory_order_seq_cst);
    return r;
}

void ledger_touch(struct ledger *l, const struct ledger_record *r, int64_t now)
{
    atomic_store(&l->map->rows[r - l->map->records].used_at, now);
}
