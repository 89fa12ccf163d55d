/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/engine/children.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "workerd/engine/kept.h"
#include "workerd/engine/mapped.h"
#include "workerd/engine/ours.h"
#include "workerd/index/writer.h"
#include "workerd/indexer/indexer.h"
#include "workerd/wire/ask.h"

/* Memory ends at the child's own limit long before it ends on this host. */
static int status_of(int error)
{
    switch (error) {
    case 0:
        return STATUS_DONE;
    case -E2BIG:
        return STATUS_TOO_LONG;
    case -ENOMEM:
        return STATUS_NO_MEMORY;
    default:
        return STATUS_HOST_FAILED;
    }
}

/* --- Indexes for an analysis --- */

struct supply {
    int socket;
    struct arena *arena; /* of the job */
};

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = from ? strnlen(from, size - 1) : 0;

    if (n)
        memcpy(to, from, n);
    to[n] = '\0';
}

static const struct wire_want *want(const struct image_module *m)
{
    static struct wire_want w;

    w.main = m->main;
    copy_text(w.build_id, sizeof(w.build_id), m->build_id);
    copy_text(w.path, sizeof(w.path), m->path);
    return &w;
}

/* Without a provider there is nobody who would take the result. */
static int unless_gone(int r)
{
    if (r < 0)
        _exit(STATUS_HOST_FAILED);
    return r;
}

/* Whoever put it on the shelf or took it from there has read it whole; what it says is distrusted
 * where it is read. */
static struct fetched_index map_index(int fd)
{
    struct mapped m;

    if (mapped_open(fd, &m) < 0)
        return (struct fetched_index){.problem = "its index cannot be read"};
    return (struct fetched_index){.data = m.data, .size = m.size};
}

static struct fetched_index fetch(void *arg, const struct image_module *m)
{
    const struct supply *s = arg;
    int kept = m->build_id ? kept_find(m->build_id) : -1;
    char text[WIRE_TEXT_MAX + 1];
    _cleanup_fd_ int fd = -1;

    if (kept >= 0)
        return map_index(kept);
    switch (unless_gone(wire_ask(s->socket, want(m), &fd, text))) {
    case 0:
        return map_index(fd);
    case WIRE_HAS_REFUSED:
        return (struct fetched_index){.problem = arena_strdup(s->arena, text)};
    default:
        return (struct fetched_index){0};
    }
}

static struct span map_bytes(int fd)
{
    struct mapped m;

    return mapped_open(fd, &m) < 0 ? (struct span){0} : (struct span){m.data, m.size};
}

static bool fetch_files(void *arg, const struct image_module *m, struct debug_files *ret)
{
    const struct supply *s = arg;
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    uint32_t has;
    size_t next = 0;

    if (unless_gone(wire_ask_files(s->socket, want(m), &fds, &has)) != 0)
        return false;
    *ret = (struct debug_files){.module = map_bytes(fds.list[next++])};
    if (has & HAS_DEBUGINFO)
        ret->debuginfo = map_bytes(fds.list[next++]);
    if (has & HAS_SHARED)
        ret->shared = map_bytes(fds.list[next++]);
    return true;
}

static size_t fetch_code(void *arg, const struct image_module *m, uint64_t offset, void *p,
                         size_t n)
{
    const struct supply *s = arg;
    ssize_t r = wire_ask_code(s->socket, want(m), offset, p, n);

    return (size_t)unless_gone((int)r);
}

/* --- Analysis --- */

/* Hundreds of threads with names of kilobytes may be more than the other end takes: threads are
 * left out then, the crashed one last. */
static int hand_over(int socket, struct analysis *an)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);

    analysis_format(an, &b);
    while (buf_error(&b) == -E2BIG && an->n_threads > 1) {
        an->threads_left_out += an->n_threads - an->n_threads / 2;
        an->n_threads /= 2;
        buf_clear(&b);
        analysis_format(an, &b);
    }
    if (buf_error(&b) < 0)
        return status_of(buf_error(&b));
    return wire_hand_over(socket, b.data, b.len) < 0 ? STATUS_HOST_FAILED : STATUS_DONE;
}

static int analyse_core(const struct order *o, const struct parcel_fds *fds)
{
    const struct analyse_input in = {
        .core_fd = fds->list[0],
        .scratch_fd = fds->list[2],
        .core_max = o->file_bytes,
        .variables = o->variables != 0,
    };
    struct arena a = ARENA_INIT(0); /* given back by the process's end */
    struct supply s = {.socket = fds->list[1], .arena = &a};
    const struct index_fetcher fetcher = {
        .fetch = fetch, .files = fetch_files, .code = fetch_code, .arg = &s};
    struct analysis an;
    int r = ours_analyse(&in, &fetcher, &a, &an);

    return r < 0 ? status_of(r) : hand_over(s.socket, &an);
}

/* --- Index of a module --- */

static int map_file(int fd, struct indexer_file *ret)
{
    struct stat st;
    struct mapped m;
    int r = mapped_open(fd, &m);

    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret = (struct indexer_file){
        .data = m.data,
        .size = m.size,
        .source = {.size = m.size,
                   .mtime_sec = st.st_mtim.tv_sec,
                   .mtime_nsec = (uint64_t)st.st_mtim.tv_nsec},
    };
    return 0;
}

static int map_files(const struct order *o, const struct parcel_fds *fds, struct indexer_input *in)
{
    size_t next = 1;
    int r = map_file(fds->list[next++], &in->module);

    if (r == 0 && (o->has & HAS_DEBUGINFO))
        r = map_file(fds->list[next++], &in->debuginfo);
    if (r == 0 && (o->has & HAS_SHARED))
        r = map_file(fds->list[next++], &in->shared);
    return r;
}

static int status_of_indexer(int outcome)
{
    switch (outcome) {
    case INDEXER_NOT_ELF:
        return STATUS_NOT_ELF;
    case INDEXER_MALFORMED:
        return STATUS_MALFORMED;
    case INDEXER_TOO_LARGE:
        return STATUS_TOO_LARGE;
    default:
        return status_of(outcome);
    }
}

static int index_module(const struct order *o, const struct parcel_fds *fds)
{
    struct indexer_input in = {.memory_max = o->memory_bytes / 2};
    struct buf b = BUF_INIT(INDEX_SIZE_MAX);
    int r = map_files(o, fds, &in);

    if (r == 0)
        r = indexer_build(&in, &b);
    if (r == 0)
        r = io_write(fds->list[0], b.data, b.len);
    return status_of_indexer(r);
}

const struct zygote_jobs children_jobs = {.analyse = analyse_core, .index = index_module};
