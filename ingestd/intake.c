/* SPDX-License-Identifier: Apache-2.0 */
/* Three layers, top down in the file: parts (what may come when), metadata, core; then the sink
 * that libmicrohttpd drives. A refusal fills in the response and returns REFUSED, which goes up
 * through the multipart reader and ends the body. */
#include "ingestd/intake.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/http/multipart.h"
#include "common/report/limits.h"

#include "ingestd/answer.h"
#include "ingestd/commit.h"
#include "ingestd/core_part.h"
#include "ingestd/counters.h"
#include "ingestd/ingest.h"

#define REFUSED          (-ECANCELED)
#define SPACE_CHECK_STEP (16u * 1024 * 1024) /* bytes of a core between two looks at the disk */
#define FRAMING_MAX      (MULTIPART_PARTS_MAX * (MULTIPART_HEADER_MAX + 256))

enum meta_form { FORM_NONE, FORM_JSON, FORM_FIELDS };
enum part { PART_NONE, PART_META, PART_FIELD, PART_CORE };

struct intake {
    struct ingest *in;
    struct request *q;
    struct response *r; /* of the call that is being made */
    struct multipart *multipart;
    enum meta_form form; /* of the metadata seen so far */
    enum part part;      /* being read */
    struct str field;    /* its name */
    struct buf text;     /* meta's JSON to the end; or a field's value */
    struct crash_meta meta;
    char folder[BLOB_PATH_SIZE]; /* "": none made, or not ours any more */
    int folder_fd;
    struct core_part *core;
    bool core_seen;
    uint64_t unchecked; /* bytes of the core since the last look at the disk */
};

/* --- Refusals --- */

static int __attribute__((format(printf, 3, 4)))
refuse(struct intake *i, unsigned status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    response_problem(i->r, i->q, status, "%s", arena_vprintf(request_arena(i->q), format, ap));
    va_end(ap);
    return REFUSED;
}

/* What keeps us from storing is no fault of the client: it keeps what it has and tries again. */
static int refuse_unstored(struct intake *i, int error)
{
    log_error("cannot store a crash", LOG_STR("request_id", request_id(i->q)), LOG_ERRNO(error));
    ingest_put_off(i->q, i->r, "The server cannot store this now.");
    return REFUSED;
}

static int refuse_meta(struct intake *i, int outcome, const char *where, const struct meta_error *e)
{
    return refuse(i, outcome == META_MALFORMED ? 400 : 422, "%s%s%s: %s.", where,
                  *e->pointer ? " " : "", e->pointer, e->message);
}

static int refuse_core(struct intake *i, int outcome)
{
    if (outcome == CORE_PART_TOO_LARGE)
        return refuse(i, 413,
                      "The core is larger than %llu bytes, which is as much as this server takes. "
                      "Send it zstd-compressed, or raise core_max in ingestd.conf.",
                      (unsigned long long)i->in->conf->core_max);
    if (outcome == CORE_PART_NOT_A_CORE)
        return refuse(i, 415,
                      "The part with the core does not begin like a little-endian ELF core, "
                      "neither as it is nor decompressed by zstd. Send the file that the kernel or "
                      "gcore wrote.");
    return refuse_unstored(i, outcome);
}

/* --- Which part may come now --- */

static int begin_meta(struct intake *i)
{
    if (i->core_seen)
        return refuse(i, 400, "The part meta came after the core. Send it first.");
    if (i->form != FORM_NONE)
        return refuse(i, 400, "Metadata came twice. Send either one part meta or plain fields.");
    buf_clear(&i->text);
    i->part = PART_META;
    return 0;
}

static int begin_field(struct intake *i, struct str name)
{
    if (i->core_seen)
        return refuse(i, 400, "The field %.*s came after the core. Send all fields before it.",
                      (int)(name.n > 64 ? 64 : name.n), name.p);
    if (i->form == FORM_JSON)
        return refuse(i, 400, "The field %.*s came beside a part meta. Put it into that JSON.",
                      (int)(name.n > 64 ? 64 : name.n), name.p);
    buf_clear(&i->text);
    i->form = FORM_FIELDS;
    i->part = PART_FIELD;
    i->field = (struct str){arena_memdup(request_arena(i->q), name.p, name.n), name.n};
    return 0;
}

static int make_folder(struct intake *i)
{
    return blob_crash_begin(i->in->store, i->folder, &i->folder_fd);
}

static int begin_core(struct intake *i)
{
    int r;

    if (i->core_seen)
        return refuse(i, 400, "A second core came. Send one upload for each crash.");
    if (i->form == FORM_NONE)
        return refuse(
            i, 400,
            "The core came without metadata before it. Send the part meta (JSON), or plain fields "
            "such as executable, first.");
    r = make_folder(i);
    if (r == 0)
        r = core_part_new(i->folder_fd, i->in->conf->core_max, &i->core);
    if (r < 0)
        return refuse_unstored(i, r);
    i->core_seen = true;
    i->part = PART_CORE;
    return 0;
}

static int on_part(void *arg, struct str name, struct str filename, struct str type)
{
    struct intake *i = arg;

    (void)filename;
    (void)type;
    if (str_eq(name, STR("meta")))
        return begin_meta(i);
    if (str_eq(name, STR("core")) || str_eq(name, STR("dump")))
        return begin_core(i);
    return begin_field(i, name);
}

/* --- Metadata --- */

static int add_text(struct intake *i, const void *p, size_t n)
{
    buf_add(&i->text, p, n);
    if (buf_error(&i->text))
        return refuse(i, 413, "A part of the metadata is larger than %u bytes.", META_JSON_MAX);
    return 0;
}

static int check_id(struct intake *i)
{
    if (!i->meta.crash_id)
        return refuse(
            i, 422,
            "meta /crash_id: missing. Make a UUID of version 7 for each crash and keep it for "
            "all tries of its upload.");
    if (!blob_crash_id_valid(str_from(i->meta.crash_id)))
        return refuse(i, 422, "crash_id: its time lies beyond the year 9999.");
    return 0;
}

static int end_meta(struct intake *i)
{
    struct meta_error e;
    int r = meta_parse((struct str){buf_text(&i->text), i->text.len}, request_arena(i->q), &i->meta,
                       &e);

    if (r < 0)
        return refuse_unstored(i, r);
    if (r)
        return refuse_meta(i, r, "meta", &e);
    i->form = FORM_JSON;
    return check_id(i);
}

static int end_field(struct intake *i)
{
    struct meta_error e;
    int r = meta_set_field(&i->meta, request_arena(i->q), i->field,
                           (struct str){buf_text(&i->text), i->text.len}, &e);

    if (r < 0)
        return refuse_unstored(i, r);
    return r ? refuse_meta(i, r, "Field", &e) : 0;
}

/* --- The core --- */

static int add_core(struct intake *i, const void *p, size_t n)
{
    int r = core_part_add(i->core, p, n);

    metrics_add(i->in->metrics, COUNTER_UPLOAD_BYTES, n);
    if (r)
        return refuse_core(i, r);
    i->unchecked += n;
    if (i->unchecked < SPACE_CHECK_STEP)
        return 0;
    i->unchecked = 0;
    return ingest_check_space(i->q, i->r, 0) == 0 ? 0 : REFUSED;
}

static int on_data(void *arg, const void *p, size_t n)
{
    struct intake *i = arg;

    return i->part == PART_CORE ? add_core(i, p, n) : add_text(i, p, n);
}

static int on_part_end(void *arg)
{
    struct intake *i = arg;
    enum part part = i->part;

    i->part = PART_NONE;
    if (part == PART_META)
        return end_meta(i);
    return part == PART_FIELD ? end_field(i) : 0;
}

static const struct multipart_events events = {on_part, on_data, on_part_end};

/* --- The end of the body --- */

static int check_complete(struct intake *i)
{
    if (i->form == FORM_NONE)
        return refuse(
            i, 400,
            "The upload has no metadata. Send the part meta (JSON), or plain fields such as "
            "executable, and then the core.");
    if (!i->core_seen && !i->meta.core_problem)
        return refuse(i, 400,
                      "The upload has no part core (or dump). A crash without one must say why in "
                      "core_problem.");
    return 0;
}

/* The core's own bytes tell their encoding; meta that says otherwise was made for other bytes. */
static int settle_core(struct intake *i, struct receipt *receipt)
{
    struct core_summary core;
    int r;

    if (!i->core)
        return 0;
    r = core_part_finish(i->core, &core);
    if (r)
        return refuse_core(i, r);
    if (i->form == FORM_JSON && i->meta.encoding != core.encoding)
        return refuse(i, 415, "meta /encoding says %s, but the core is not.",
                      i->meta.encoding == CORE_ZSTD ? "zstd" : "identity");
    i->meta.encoding = core.encoding;
    receipt->core_received = core.received;
    receipt->core_stored = core.stored;
    memcpy(receipt->core_sha256, core.sha256, SHA256_TEXT_SIZE);
    return 0;
}

/* As the client wrote it; what came as fields is given the same form, under an id of ours. */
static struct str settle_meta(struct intake *i)
{
    if (i->form == FORM_JSON)
        return (struct str){buf_text(&i->text), i->text.len};
    if (!i->meta.crash_id) {
        char *id = arena_alloc(request_arena(i->q), UUID_TEXT_SIZE);

        uuid_new(id);
        i->meta.crash_id = id;
    }
    buf_clear(&i->text);
    meta_format(&i->meta, &i->text);
    return (struct str){buf_text(&i->text), i->text.len};
}

static void answer(struct intake *i, int outcome)
{
    switch (outcome) {
    case 0:
        i->folder[0] = '\0'; /* the store's now */
        feeder_push(i->in->feeder, i->meta.crash_id);
        answer_taken(i->q, i->r, ANSWER_ACCEPTED, &i->meta);
        break;
    case COMMIT_REPEATED:
        answer_taken(i->q, i->r, ANSWER_REPEATED, &i->meta);
        break;
    case COMMIT_CONFLICT:
        refuse(
            i, 409,
            "The crash %s was taken before with another core. Make a new crash_id for each crash.",
            i->meta.crash_id);
        break;
    default:
        refuse_unstored(i, outcome);
    }
}

static void accept_upload(struct intake *i)
{
    struct upload u = {
        .receipt = {.received_at = clock_now(),
                    .token_id = ingest_token(i->q)->id,
                    .remote = request_remote(i->q)},
    };
    int r = 0;

    if (settle_core(i, &u.receipt) != 0)
        return;
    u.meta_json = settle_meta(i);
    if (i->form == FORM_FIELDS && check_id(i) != 0)
        return;
    if (!*i->folder)
        r = make_folder(i);
    u.crash_id = i->meta.crash_id;
    u.folder = i->folder;
    u.folder_fd = i->folder_fd;
    answer(i, r < 0 ? r : commit_upload(i->in->store, &u, request_arena(i->q)));
}

/* --- The sink --- */

static int check_size(struct request *q, struct response *r, const struct ingest *in)
{
    int64_t length = request_content_length(q);

    if (length > 0 && (uint64_t)length > in->conf->core_max + META_JSON_MAX + FRAMING_MAX) {
        response_problem(r, q, 413,
                         "The upload is larger than %llu bytes, which is as much as this server "
                         "takes. Send the core zstd-compressed, or raise core_max in ingestd.conf.",
                         (unsigned long long)in->conf->core_max);
        return 1;
    }
    return ingest_check_space(q, r, length > 0 ? (uint64_t)length : 0);
}

static int begin(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);
    struct intake *i = arena_new(request_arena(q), struct intake);
    const char *type = request_header(q, "Content-Type");

    if (check_size(q, r, in) != 0 || ingest_check_quota(q, r) != 0)
        return 1;
    if (multipart_new(type ? type : "", &events, i, &i->multipart) != 0) {
        response_problem(
            r, q, 415,
            "Send the crash as multipart/form-data with a boundary, as `curl -F executable=PATH "
            "-F core=@FILE` does.");
        return 1;
    }
    i->in = in;
    i->q = q;
    i->folder_fd = -1;
    buf_init(&i->text, META_JSON_MAX);
    meta_init(&i->meta);
    request_set_data(q, i);
    return 0;
}

static int data(struct request *q, const void *p, size_t n, struct response *r)
{
    struct intake *i = request_data(q);
    int outcome;

    i->r = r;
    outcome = multipart_feed(i->multipart, p, n);
    if (outcome == 0)
        return 0;
    if (outcome == MULTIPART_TOO_MANY)
        refuse(i, 400,
               "The body has more than %d parts, or a part has more than %d bytes of headers.",
               MULTIPART_PARTS_MAX, MULTIPART_HEADER_MAX);
    else if (outcome > 0)
        refuse(i, 400,
               "The body does not look like multipart/form-data with that boundary (RFC 7578).");
    return 1;
}

static void end(struct request *q, struct response *r)
{
    struct intake *i = request_data(q);

    i->r = r;
    if (multipart_finish(i->multipart) != 0)
        refuse(i, 400,
               "The body ended before its last boundary: the upload was cut off. Send it again.");
    else if (check_complete(i) == 0)
        accept_upload(i);
}

static void release(struct request *q)
{
    struct intake *i = request_data(q);

    multipart_free(i->multipart);
    core_part_free(i->core);
    cleanup_fd(&i->folder_fd);
    if (*i->folder)
        blob_crash_discard(i->in->store, i->folder);
    buf_fini(&i->text);
}

const struct body_sink intake_sink = {begin, data, end, release};
