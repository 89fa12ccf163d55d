/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "client/sender/backoff.h"
#include "client/sender/journal.h"
#include "client/sender/streamhead.h"
#include "client/sender/tallies.h"
#include "client/spool/settings.h"
#include "client/transport/upload.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

#define KEEP_MAX   (32u * 1024 * 1024) /* a longer core is not kept */
#define TRY_MAX    (600 * USEC_PER_SEC)
#define BLOCK_SIZE (64u * 1024)

struct stream {
    const struct settings *settings;
    int in;
    struct buf meta;
    struct crash_meta facts;
    struct arena arena;
    int core;        /* memfd of its first bytes */
    uint64_t n_core; /* of them */
    bool whole;      /* that is all of it */
};

/* --- Reading --- */

/* The line and the metadata. A byte at a time until the line ends: nothing behind the metadata may
 * be read yet. */
static int read_head(struct stream *s)
{
    _cleanup_free_ char *text = NULL;
    char line[STREAMHEAD_LINE_MAX];
    size_t n = 0, line_n, meta_n;
    ssize_t got;
    int r;

    do {
        got = io_read(s->in, line + n, 1);
        if (got <= 0)
            return got < 0 ? (int)got : -EBADMSG;
        r = streamhead_parse((struct str){line, ++n}, &line_n, &meta_n);
    } while (r == STREAMHEAD_MORE);
    if (r != 0)
        return -EBADMSG;
    text = malloc(meta_n);
    if (!text)
        return -ENOMEM;
    got = io_read(s->in, text, meta_n);
    if (got < 0 || (size_t)got < meta_n)
        return got < 0 ? (int)got : -EBADMSG;
    buf_add(&s->meta, text, meta_n);
    return buf_error(&s->meta);
}

/* As much of the core as is kept. */
static int read_core(struct stream *s)
{
    _cleanup_free_ char *block = malloc(BLOCK_SIZE);

    s->core = memfd_create("core", MFD_CLOEXEC);
    if (!block || s->core < 0)
        return block ? -errno : -ENOMEM;
    while (s->n_core < KEEP_MAX) {
        ssize_t got = io_read(s->in, block, BLOCK_SIZE);
        int r = got < 0 ? (int)got : io_write(s->core, block, (size_t)got);

        if (r < 0)
            return r;
        s->n_core += (uint64_t)got;
        s->whole = (size_t)got < BLOCK_SIZE;
        if (s->whole)
            return 0;
    }
    return 0;
}

static void parse_meta(struct stream *s)
{
    struct meta_error error;

    if (meta_parse((struct str){buf_text(&s->meta), s->meta.len}, &s->arena, &s->facts, &error) !=
        0)
        meta_init(&s->facts);
    journal_add(&s->facts, s->settings, &s->arena, &s->meta);
}

/* --- Sending --- */

static void attempt(const struct stream *s, struct connection *c, struct arena *a, struct upload *u)
{
    const struct str meta = {buf_text(&s->meta), s->meta.len};
    int r;

    if (s->whole)
        r = upload_crash(c, meta, s->n_core > 0 ? s->core : -1, a, u);
    else
        r = upload_stream(c, meta, s->core, s->n_core, s->in, a, u);
    if (r < 0)
        *u = (struct upload){.verdict = UPLOAD_REFUSED, .detail = strerrordesc_np(-r)};
}

/* Where there is no spool the counts have a ledger of their own: those that wait go along. */
static void send_counts(const struct stream *s, struct connection *c, enum fidelity wanted)
{
    _cleanup_fd_ int dir = open(LEDGER_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct shipper shipper = {.settings = s->settings, .connection = c};
    struct round round = {.verdict = UPLOAD_DONE};

    if (dir < 0 || ledger_open(dir, s->settings, &shipper.ledger) < 0)
        return;
    if (s->facts.kind)
        ledger_want(shipper.ledger, s->facts.kind, wanted);
    tallies_flush(&shipper, NULL, NULL, &round);
    ledger_close(shipper.ledger);
}

/* What is kept whole is tried again, with growing rests, until the time is over. */
static bool send_it(const struct stream *s, struct connection *c)
{
    struct backoff b = {.min = s->settings->retry_min, .max = s->settings->retry_max};
    int64_t end = clock_mono() + TRY_MAX;

    for (unsigned i = 1;; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct upload u = {0};
        uint64_t random;
        int64_t wait;

        attempt(s, c, &a, &u);
        random_bytes(&random, sizeof(random));
        wait = backoff_fail(&b, u.retry_after, random);
        if (u.verdict == UPLOAD_DONE) {
            log_info("crash sent", LOG_STR("crash_id", s->facts.crash_id),
                     LOG_INT("status", u.status), LOG_UINT("attempts", i));
            send_counts(s, c, u.answer.core);
            return true;
        }
        if (u.verdict == UPLOAD_REFUSED || !s->whole || clock_mono() + wait > end) {
            log_error("a crash is lost: it could not be sent, and there is no spool",
                      LOG_STR("crash_id", s->facts.crash_id), LOG_INT("status", u.status),
                      LOG_STR("detail", u.detail), LOG_UINT("attempts", i));
            return false;
        }
        clock_sleep(wait);
    }
}

static int run(struct stream *s)
{
    struct connection_options options =
        connection_options(s->settings, "corral-sender/" CORRAL_VERSION);
    _cleanup_connection_ struct connection *c = NULL;
    int r = read_head(s);

    if (r == 0)
        r = read_core(s);
    if (r < 0) {
        log_error("what came from the handler is no crash, or it was cut", LOG_ERRNO(r));
        return 1;
    }
    parse_meta(s);
    c = connection_new(&options);
    return send_it(s, c) ? 0 : 1;
}

int stream_run(int argc, char **argv, const void *conf)
{
    struct stream s = {.settings = conf,
                       .in = STDIN_FILENO,
                       .core = -1,
                       .arena = ARENA_INIT(0),
                       .meta = BUF_INIT(META_JSON_MAX)};
    int r;

    if (argc > 0) {
        fprintf(stderr, "corral-sender: --stream takes no argument: %s\n", argv[0]);
        return 2;
    }
    (void)prctl(PR_SET_DUMPABLE, 0); /* it has a core in memory */
    r = run(&s);
    if (s.core >= 0)
        close(s.core);
    arena_fini(&s.arena);
    buf_fini(&s.meta);
    return r;
}
