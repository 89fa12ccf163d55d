/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/shipment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "client/spool/shelf.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

struct shipment {
    const struct shipper *shipper;
    struct entry entry;
    struct arena *arena;
    struct crash_meta meta; /* its modules are what is looked at */
    bool asked_now;         /* the server named what it wants in this very exchange */
};

/* --- Modules --- */

/* The file of that name, if it still is the one that crashed. Its path is what the crashed process
 * mapped. */
static int open_original(const struct shipment *s, const char *build_id)
{
    for (size_t i = 0; i < s->meta.n_modules; i++) {
        const struct meta_module *m = &s->meta.modules[i];
        char found[ELF_BUILD_ID_TEXT];
        _cleanup_fd_ int fd = -1;

        if (!m->build_id || strcmp(m->build_id, build_id) != 0 || !m->path || m->path[0] != '/')
            continue;
        fd = open(m->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 && elf_build_id_fd(fd, found) == 0 && strcmp(found, build_id) == 0)
            return TAKE_FD(fd);
    }
    return -1;
}

/* Nothing to send: when the server has just asked for it, a marker that says it has the module is
 * wrong, and the next crash shall make a copy again. */
static void give_up_module(const struct shipment *s, const char *build_id)
{
    if (s->asked_now)
        (void)shelf_unmark_known(s->shipper->spool, build_id);
}

/* A module that is refused for good is done with as well: it must not be in the way of the crash.
 */
static int send_module(const struct shipment *s, const char *build_id, struct upload *u)
{
    _cleanup_fd_ int fd = -1;
    int r = shelf_open(s->shipper->spool, build_id, &fd);

    if (r < 0)
        return r;
    if (r > 0)
        fd = open_original(s, build_id);
    if (fd < 0) {
        give_up_module(s, build_id);
        return 0;
    }
    r = upload_module(s->shipper->connection, build_id, fd, s->arena, u);
    if (r < 0)
        return r;
    if (u->verdict == UPLOAD_REFUSED)
        log_warning("the server refused a module", LOG_STR("build_id", build_id),
                    LOG_INT("status", u->status), LOG_STR("detail", u->detail));
    if (u->verdict != UPLOAD_DONE && u->verdict != UPLOAD_REFUSED)
        return 0;
    return shelf_mark_known(s->shipper->spool, build_id);
}

/* A build-id a line. Ends early when the server does not take any more now. */
static int send_modules(const struct shipment *s, struct str wanted, struct upload *u)
{
    struct str line;

    while (str_split(&wanted, '\n', &line)) {
        int r;

        if (!hex_valid(line, BUILD_ID_TEXT_SIZE - 1))
            continue;
        u->verdict = UPLOAD_DONE;
        r = send_module(s, arena_strndup(s->arena, line.p, line.n), u);
        if (r < 0)
            return r;
        if (u->verdict != UPLOAD_DONE && u->verdict != UPLOAD_REFUSED)
            return 0;
    }
    u->verdict = UPLOAD_DONE;
    return entry_remove(&s->entry);
}

/* --- The crash --- */

static bool is_wanted(const struct answer *answer, const char *build_id)
{
    for (size_t i = 0; i < answer->n_modules; i++)
        if (strcmp(answer->modules[i], build_id) == 0)
            return true;
    return false;
}

/* What is on the shelf and was not asked for is at the server, unless the answer was full. */
static void mark_the_known(const struct shipment *s, const struct answer *answer)
{
    if (answer->n_modules >= META_WANTED_MAX)
        return;
    for (size_t i = 0; i < s->meta.n_modules; i++) {
        const struct meta_module *m = &s->meta.modules[i];

        if (m->build_id && m->offered && !is_wanted(answer, m->build_id))
            (void)shelf_mark_known(s->shipper->spool, m->build_id);
    }
}

static int acknowledge(struct shipment *s, struct upload *u)
{
    _cleanup_buf_ struct buf wanted = BUF_INIT(ENTRY_WANTED_MAX);
    struct str text;
    int r;

    mark_the_known(s, &u->answer);
    for (size_t i = 0; i < u->answer.n_modules; i++)
        buf_printf(&wanted, "%s\n", u->answer.modules[i]);
    text = (struct str){buf_text(&wanted), wanted.len};
    if (text.n > 0) {
        r = entry_acknowledge(&s->entry, text);
        if (r < 0)
            return r;
    }
    s->asked_now = true;
    return send_modules(s, text, u);
}

static int reject(const struct shipment *s, const struct upload *u)
{
    _cleanup_buf_ struct buf reason = BUF_INIT(2 * ANSWER_DETAIL_MAX);

    buf_printf(&reason, "%ld %s\n", u->status, u->detail);
    return entry_reject(&s->entry, (struct str){buf_text(&reason), reason.len});
}

static int send_crash(struct shipment *s, struct str meta, struct upload *u)
{
    _cleanup_fd_ int core = -1;
    int r = entry_open_core(&s->entry, &core);

    if (r < 0)
        return r;
    r = upload_crash(s->shipper->connection, meta, core, s->arena, u);
    if (r < 0)
        return r;
    if (u->verdict == UPLOAD_DONE && strcmp(u->answer.crash_id, s->entry.id) != 0) {
        u->verdict = UPLOAD_FAILED;
        u->detail = "the answer is about another crash: something between us mixes them up";
    }
    if (u->verdict == UPLOAD_DONE)
        return acknowledge(s, u);
    return u->verdict == UPLOAD_REFUSED ? reject(s, u) : 0;
}

static int send_entry(struct shipment *s, struct upload *u)
{
    _cleanup_buf_ struct buf meta = BUF_INIT(META_JSON_MAX), wanted = BUF_INIT(ENTRY_WANTED_MAX);
    struct meta_error error;
    struct str text;
    int r = entry_read_meta(&s->entry, &meta);

    if (r < 0)
        return r;
    text = (struct str){buf_text(&meta), meta.len};
    /* A report that we can't read is for the server to refuse. */
    if (meta_parse(text, s->arena, &s->meta, &error) != 0)
        meta_init(&s->meta);
    r = entry_read_wanted(&s->entry, &wanted);
    if (r == ENTRY_NONE)
        return send_crash(s, text, u);
    return r < 0 ? r : send_modules(s, (struct str){buf_text(&wanted), wanted.len}, u);
}

int shipment_send(const struct shipper *shipper, const char *id, struct arena *a,
                  struct upload *ret)
{
    struct shipment s = {.shipper = shipper, .arena = a, .entry = ENTRY_CLOSED};
    struct upload u = {0};
    int r = entry_open(shipper->spool, id, &s.entry);

    if (r == 0)
        r = send_entry(&s, &u);
    if (r == 0)
        *ret = u;
    entry_close(&s.entry);
    return r;
}
