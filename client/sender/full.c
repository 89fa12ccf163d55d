/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/full.h"

#include <errno.h>
#include <sys/stat.h>

#include "common/base/clock.h"

#define PART_MIN   (256u * 1024)
#define PART_FIRST (1024u * 1024)
#define PART_MAX   (8u * 1024 * 1024)
#define GROWN_MIN  (1024u * 1024) /* a part of a file that grows is worth a request */
#define PART_TIME  USEC_PER_SEC

struct transfer {
    const struct shipper *shipper;
    struct entry entry;
    int fd;
    struct arena *arena;
    struct facts facts;
    uint64_t size;
    bool growing;
    struct upload_offset server;
    uint64_t part; /* bytes of the next one */
    bool stuck;    /* the last part brought nothing */
};

/* --- The file --- */

/* Whether it grows is asked before how long it is: a file that is complete has its last size. */
static int look(struct transfer *t)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ENTRY_FACTS_MAX);
    int r = entry_full_state(&t->entry, t->fd, &b);
    struct stat st;

    if (r < 0)
        return r;
    t->growing = r == ENTRY_GROWING;
    t->facts = r == ENTRY_NONE ? facts_of_dead_handler()
                               : facts_parse((struct str){buf_text(&b), b.len}, t->arena);
    if (fstat(t->fd, &st) < 0)
        return -errno;
    t->size = (uint64_t)st.st_size;
    return 0;
}

static int finish(const struct transfer *t)
{
    int r = entry_drop_full(&t->entry);

    return r < 0 ? r : entry_remove(&t->entry);
}

static int give_up(const struct transfer *t, const char *why, struct full_visit *v)
{
    v->upload.verdict = UPLOAD_REFUSED;
    v->lost = why;
    return finish(t);
}

/* --- Parts --- */

/* The rate of the last one tells how much a second takes; the bandwidth says how much it may. */
static void adapt(struct transfer *t, uint64_t bytes, int64_t usec)
{
    uint64_t cap = t->shipper->settings->bandwidth;

    if (usec < PART_TIME / 4)
        t->part *= 2;
    else
        t->part = (uint64_t)((double)bytes * (double)PART_TIME / (double)usec);
    if (cap > 0 && t->part > cap)
        t->part = cap;
    if (t->part < PART_MIN)
        t->part = PART_MIN;
    if (t->part > PART_MAX)
        t->part = PART_MAX;
}

static int send_part(struct transfer *t, struct full_visit *v)
{
    uint64_t begin = t->server.bytes;
    uint64_t end = t->size - begin > t->part ? begin + t->part : t->size;
    bool last = !t->growing && end == t->size;
    int64_t begun = clock_mono();
    int r = upload_core_part(t->shipper->connection, t->entry.id, t->fd, begin, end,
                             last ? &t->facts : NULL, t->arena, &v->upload, &t->server);

    if (r < 0 || v->upload.verdict != UPLOAD_DONE)
        return r;
    v->bytes = t->server.bytes;
    adapt(t, end - begin, clock_mono() - begun);
    if (t->server.bytes == begin && !t->server.complete) {
        if (t->stuck) {
            v->upload.verdict = UPLOAD_FAILED;
            v->upload.detail = "the server takes no further bytes of the core, and gives no reason";
        }
        t->stuck = true;
    } else {
        t->stuck = false;
    }
    return 0;
}

/* 0: go on. FULL_GROWS. */
static int next_part(struct transfer *t, struct full_visit *v, bool *ret_ended)
{
    int r = look(t);

    if (r < 0)
        return r;
    *ret_ended = true;
    if (t->size == 0 && !t->growing)
        return give_up(t, "the handler ended before it wrote any of it", v);
    if (t->server.bytes > t->size && !t->growing)
        return give_up(t, "the server has more bytes than there are here", v);
    if (t->growing && t->size < t->server.bytes + GROWN_MIN)
        return FULL_GROWS;
    *ret_ended = false;
    return send_part(t, v);
}

static int send_parts(struct transfer *t, bool (*stop)(void *arg), void *arg, struct full_visit *v)
{
    bool ended = false;
    int r = 0;

    while (r == 0 && !ended && v->upload.verdict == UPLOAD_DONE && !t->server.complete) {
        r = next_part(t, v, &ended);
        if (r == 0 && !ended && !t->server.complete && v->upload.verdict == UPLOAD_DONE && stop &&
            stop(arg))
            return FULL_STOPPED;
    }
    if (r != 0 || ended)
        return r;
    if (v->upload.verdict == UPLOAD_REFUSED)
        return give_up(t, v->upload.detail, v);
    return t->server.complete ? finish(t) : 0;
}

static int transfer(struct transfer *t, bool (*stop)(void *arg), void *arg, struct full_visit *v)
{
    int r = upload_asks_core(t->shipper->connection, t->entry.id, t->arena, &v->upload, &t->server);

    if (r < 0)
        return r;
    v->bytes = t->server.bytes;
    return send_parts(t, stop, arg, v);
}

int full_send(const struct shipper *s, const char *id, bool (*stop)(void *arg), void *arg,
              struct arena *a, struct full_visit *ret)
{
    struct transfer t = {
        .shipper = s, .entry = ENTRY_CLOSED, .fd = -1, .arena = a, .part = PART_FIRST};
    struct full_visit v = {0};
    int r;

    if (!entry_has_full(s->spool, id))
        return FULL_NONE;
    r = entry_open(s->spool, id, &t.entry);
    if (r == 0)
        r = entry_open_full(&t.entry, &t.fd);
    if (r == 0)
        r = transfer(&t, stop, arg, &v);
    else if (r == ENTRY_NONE)
        r = FULL_NONE;
    if (t.fd >= 0)
        close(t.fd);
    entry_close(&t.entry);
    if (r >= 0)
        *ret = v;
    return r;
}
