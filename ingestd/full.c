/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/full.h"

#include <inttypes.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/report/limits.h"
#include "common/report/record.h"

#include "ingestd/counters.h"
#include "ingestd/full_part.h"
#include "ingestd/ingest.h"
#include "ingestd/resume.h"

#define BUSY_SECONDS     "5"
#define SPACE_CHECK_STEP (16u * 1024 * 1024) /* bytes between two looks at the disk */

struct full_upload {
    struct ingest *in;
    struct full_part *part; /* NULL: answered, nothing is left to be kept */
    struct resume resume;
    uint64_t unchecked; /* bytes since the last look at the disk */
};

/* --- Answers --- */

static void tell_offset(struct request *q, struct response *r, uint64_t offset, bool complete)
{
    response_header(r, "Upload-Offset", arena_printf(request_arena(q), "%" PRIu64, offset));
    response_header(r, "Upload-Complete", complete ? "?1" : "?0");
}

static void count(struct request *q, enum counter counter)
{
    struct ingest *in = request_app(q);

    metrics_add(in->metrics, counter, 1);
}

static int refuse(struct request *q, struct response *r, unsigned status, const char *detail)
{
    response_problem(r, q, status, "%s", detail);
    count(q, COUNTER_FULL_REFUSED);
    return 1;
}

static int refuse_unknown(struct request *q, struct response *r)
{
    return refuse(q, r, 404,
                  "This crash is not in the store. Send it to /api/v1/crashes first, with its "
                  "metadata.");
}

static int refuse_not_a_core(struct request *q, struct response *r)
{
    return refuse(q, r, 415,
                  "These bytes do not begin like a little-endian ELF core, neither as they are nor "
                  "decompressed by zstd. Nothing of them is kept.");
}

static int refuse_too_large(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);

    return refuse(q, r, 413,
                  arena_printf(request_arena(q),
                               "The core is larger than %" PRIu64 " bytes, which is as much as "
                               "this server takes (core_max in ingestd.conf).",
                               in->conf->core_max));
}

static int refuse_unstored(struct request *q, struct response *r, int error)
{
    log_error("cannot store a full core", LOG_STR("request_id", request_id(q)), LOG_ERRNO(error));
    count(q, COUNTER_FULL_UNAVAILABLE);
    return ingest_put_off(q, r, "The server cannot store this now.");
}

static int refuse_busy(struct request *q, struct response *r)
{
    count(q, COUNTER_FULL_UNAVAILABLE);
    response_problem(r, q, 503,
                     "Another upload of this core is going on, or was cut off and is not known to "
                     "be yet. Try again later.");
    response_header(r, "Retry-After", BUSY_SECONDS);
    return 1;
}

/* --- HEAD --- */

void full_head(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);
    uint64_t offset = 0;
    bool complete = false;
    int e = full_part_look(in->store, request_param(q, "id"), &offset, &complete);

    if (e < 0)
        refuse_unstored(q, r, e);
    else if (e == FULL_PART_UNKNOWN)
        refuse_unknown(q, r);
    else
        tell_offset(q, r, offset, complete);
}

/* --- PUT: the head --- */

static int read_headers(struct request *q, struct response *r, struct resume *ret)
{
    const struct resume_headers h = {
        .offset = request_header(q, "Upload-Offset"),
        .complete = request_header(q, "Upload-Complete"),
        .core_bytes = request_header(q, "Corral-Core-Bytes"),
        .core_expected = request_header(q, "Corral-Core-Expected"),
        .core_problem = request_header(q, "Corral-Core-Problem"),
    };
    const char *wrong = resume_parse(&h, ret);

    return wrong ? refuse(q, r, 400, wrong) : 0;
}

static int check_size(struct full_upload *u, struct request *q, struct response *r)
{
    int64_t length = request_content_length(q);
    uint64_t n = length > 0 ? (uint64_t)length : 0;

    if (u->resume.offset > u->in->conf->core_max || n > u->in->conf->core_max - u->resume.offset)
        return refuse_too_large(q, r);
    if (ingest_check_space(q, r, n) == 0)
        return 0;
    count(q, COUNTER_FULL_UNAVAILABLE);
    return 1;
}

/* Repeating the last request, whose answer was lost, is fine. */
static int answer_complete(struct request *q, struct response *r)
{
    full_head(q, r);
    count(q, COUNTER_FULL_REPEATED);
    return 1;
}

static int open_part(struct full_upload *u, struct request *q, struct response *r)
{
    int e = full_part_open(u->in->store, u->in->shelf, request_param(q, "id"), &u->part);

    switch (e) {
    case 0:
        return 0;
    case FULL_PART_UNKNOWN:
        return refuse_unknown(q, r);
    case FULL_PART_BUSY:
        return refuse_busy(q, r);
    case FULL_PART_COMPLETE:
        return answer_complete(q, r);
    case FULL_PART_NOT_A_CORE:
        return refuse_not_a_core(q, r);
    default:
        return refuse_unstored(q, r, e);
    }
}

static int check_offset(struct full_upload *u, struct request *q, struct response *r)
{
    uint64_t size = full_part_size(u->part);

    if (u->resume.offset == size)
        return 0;
    refuse(q, r, 409, "The server has another number of bytes: go on at its Upload-Offset.");
    tell_offset(q, r, size, false);
    full_part_close(u->part);
    return 1;
}

static int begin(struct request *q, struct response *r)
{
    struct full_upload *u = arena_new(request_arena(q), struct full_upload);

    u->in = request_app(q);
    if (read_headers(q, r, &u->resume) != 0 || check_size(u, q, r) != 0 ||
        open_part(u, q, r) != 0 || check_offset(u, q, r) != 0)
        return 1;
    request_set_data(q, u);
    return 0;
}

/* --- PUT: the bytes --- */

/* The lock goes before the answer does: through a proxy the next part comes on another connection,
 * and may be here before this exchange is over. */
static void let_go(struct full_upload *u)
{
    full_part_close(u->part);
    u->part = NULL;
}

/* What came before the failure stays, and the client is told how much that is. */
static int stop(struct full_upload *u, struct request *q, struct response *r, int refusal)
{
    if (full_part_sync(u->part) == 0)
        tell_offset(q, r, full_part_size(u->part), false);
    let_go(u);
    return refusal;
}

static int check_room(struct full_upload *u, struct request *q, struct response *r, size_t n)
{
    u->unchecked += n;
    if (u->unchecked < SPACE_CHECK_STEP)
        return 0;
    u->unchecked = 0;
    if (ingest_check_space(q, r, 0) == 0)
        return 0;
    count(q, COUNTER_FULL_UNAVAILABLE);
    return stop(u, q, r, 1);
}

static int data(struct request *q, const void *p, size_t n, struct response *r)
{
    struct full_upload *u = request_data(q);
    int e;

    if (n > u->in->conf->core_max - full_part_size(u->part))
        return stop(u, q, r, refuse_too_large(q, r));
    e = full_part_add(u->part, p, n);
    metrics_add(u->in->metrics, COUNTER_UPLOAD_BYTES, n);
    if (e == FULL_PART_NOT_A_CORE) {
        let_go(u);
        return refuse_not_a_core(q, r);
    }
    if (e < 0)
        return stop(u, q, r, refuse_unstored(q, r, e));
    return check_room(u, q, r, n);
}

static bool is_truncated(const struct resume *h)
{
    return h->core_problem || (h->core_bytes != META_UNKNOWN && h->core_bytes < h->core_expected);
}

/* The metadata says which kind of crash it is of. */
static void note_kind(struct full_upload *u, struct request *q)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX + 64 * 1024);
    struct crash_record record;

    if (blob_crash_read(u->in->store, request_param(q, "id"), "meta.json", &b) == 0 &&
        record_parse((struct str){buf_text(&b), b.len}, request_arena(q), &record) == 0)
        appetite_full(u->in->appetite, record.meta.kind, clock_mono());
}

static void finish(struct full_upload *u, struct request *q, struct response *r)
{
    const struct resume *h = &u->resume;
    struct fullcore facts = {
        .core_bytes = h->core_bytes,
        .core_expected = h->core_expected,
        .core_problem = h->core_problem,
        .core_truncated = is_truncated(h),
    };
    int e = full_part_finish(u->part, &facts);

    if (e == FULL_PART_NOT_A_CORE) {
        refuse_not_a_core(q, r);
    } else if (e < 0) {
        refuse_unstored(q, r, e);
    } else {
        note_kind(u, q);
        count(q, COUNTER_FULL_COMPLETE);
        response_status(r, 204);
        tell_offset(q, r, full_part_size(u->part), true);
    }
}

static void keep(struct full_upload *u, struct request *q, struct response *r)
{
    int e = full_part_sync(u->part);

    if (e < 0) {
        refuse_unstored(q, r, e);
        return;
    }
    count(q, COUNTER_FULL_CONTINUED);
    response_status(r, 204);
    tell_offset(q, r, full_part_size(u->part), false);
}

static void end(struct request *q, struct response *r)
{
    struct full_upload *u = request_data(q);

    if (u->resume.complete)
        finish(u, q, r);
    else
        keep(u, q, r);
    let_go(u);
}

/* What came before a connection broke is kept. */
static void release(struct request *q)
{
    struct full_upload *u = request_data(q);

    if (!u->part) /* answered */
        return;
    count(q, COUNTER_FULL_CUT);
    (void)full_part_sync(u->part);
    let_go(u);
}

const struct body_sink full_sink = {begin, data, end, release};
