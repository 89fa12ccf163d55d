/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/modules.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/report/limits.h"
#include "common/store/arrivals.h"

#include "ingestd/counters.h"
#include "ingestd/inflate.h"
#include "ingestd/ingest.h"

#define HOLE_BLOCK 4096u

struct module_upload {
    struct ingest *in;
    const char *build_id;
    enum module_kind kind;
    int fd;                  /* unnamed until it is committed */
    struct inflate *inflate; /* NULL: the body is the file as it is */
    uint64_t received;       /* bytes of the file */
    bool ended;
};

/* A module on its way through the decompressor. */
struct piece {
    struct module_upload *u;
    struct request *q;
    struct response *r;
};

/* --- What the path says --- */

/* 0, or 1 with the answer filled in. */
static int read_path(struct request *q, struct response *r, const char **ret_build_id,
                     enum module_kind *ret_kind)
{
    const char *build_id = request_param(q, "build_id"), *kind = request_param(q, "kind");

    if (!hex_valid(str_from(build_id), BUILD_ID_TEXT_SIZE - 1)) {
        response_problem(r, q, 400,
                         "A build-id is written as 2 to %d lower-case hexadecimal digits, as "
                         "readelf -n shows it.",
                         BUILD_ID_TEXT_SIZE - 1);
        return 1;
    }
    if (module_kind_parse(str_from(kind), ret_kind) < 0) {
        response_problem(r, q, 404,
                         "There are modules of the kinds executable, debuginfo and unwind.");
        return 1;
    }
    *ret_build_id = build_id;
    return 0;
}

void modules_head(struct request *q, struct response *r)
{
    struct ingest *in = request_app(q);
    const char *build_id;
    enum module_kind kind;

    if (read_path(q, r, &build_id, &kind) == 0 && !blob_module_has(in->store, build_id, kind))
        response_problem(r, q, 404, "This module is not in the store. Send it by PUT.");
}

/* --- PUT --- */

static int refuse(struct module_upload *u, struct request *q, struct response *r, unsigned status,
                  const char *detail)
{
    response_problem(r, q, status, "%s", detail);
    metrics_add(u->in->metrics, COUNTER_MODULES_REFUSED, 1);
    u->ended = true;
    return 1;
}

static int refuse_unstored(struct module_upload *u, struct request *q, struct response *r,
                           int error)
{
    log_error("cannot store a module", LOG_STR("request_id", request_id(q)), LOG_ERRNO(error));
    metrics_add(u->in->metrics, COUNTER_MODULES_UNAVAILABLE, 1);
    u->ended = true;
    return ingest_put_off(q, r, "The server cannot store this now.");
}

static void stored(struct module_upload *u, struct response *r, unsigned status,
                   enum counter counter)
{
    response_status(r, status);
    metrics_add(u->in->metrics, counter, 1);
    u->ended = true;
}

static int check_headers(struct module_upload *u, struct request *q, struct response *r)
{
    const char *encoding = request_header(q, "Content-Encoding");
    int64_t length = request_content_length(q);

    if (encoding && strcmp(encoding, "identity") != 0 && strcmp(encoding, "zstd") != 0)
        return refuse(u, q, r, 415,
                      "Modules are taken as they are, or with Content-Encoding: zstd.");
    if (length > 0 && (uint64_t)length > u->in->conf->module_max)
        return refuse(u, q, r, 413, "The file is larger than module_max in ingestd.conf allows.");
    if (ingest_check_space(q, r, length > 0 ? (uint64_t)length : 0) != 0) {
        metrics_add(u->in->metrics, COUNTER_MODULES_UNAVAILABLE, 1);
        return 1;
    }
    return 0;
}

static int open_upload(struct module_upload *u, struct request *q)
{
    const char *encoding = request_header(q, "Content-Encoding");
    int e = 0;

    if (encoding && strcmp(encoding, "zstd") == 0)
        e = inflate_new(&u->inflate);
    if (e == 0)
        e = blob_module_begin(u->in->store, &u->fd);
    if (e < 0)
        inflate_free(u->inflate);
    return e;
}

static int begin(struct request *q, struct response *r)
{
    struct module_upload *u = arena_new(request_arena(q), struct module_upload);
    int e;

    u->in = request_app(q);
    u->fd = -1;
    if (read_path(q, r, &u->build_id, &u->kind) != 0 || check_headers(u, q, r) != 0)
        return 1;
    e = open_upload(u, q);
    if (e < 0)
        return refuse_unstored(u, q, r, e);
    request_set_data(q, u);
    return 0;
}

/* What an unwind sidecar leaves out comes as zeros and costs no disk: such blocks become holes. */
static int write_sparse(int fd, const char *p, size_t n)
{
    while (n > 0) {
        size_t size = n < HOLE_BLOCK ? n : HOLE_BLOCK;
        bool zero = p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
        int r = zero ? (lseek(fd, (off_t)size, SEEK_CUR) < 0 ? -errno : 0) : io_write(fd, p, size);

        if (r < 0)
            return r;
        p += size;
        n -= size;
    }
    return 0;
}

static int store(struct module_upload *u, struct request *q, struct response *r, const void *p,
                 size_t n)
{
    int e;

    if (n > u->in->conf->module_max - u->received)
        return refuse(u, q, r, 413, "The file is larger than module_max in ingestd.conf allows.");
    u->received += n;
    e = write_sparse(u->fd, p, n);
    return e < 0 ? refuse_unstored(u, q, r, e) : 0;
}

static int store_piece(void *arg, const void *p, size_t n)
{
    struct piece *piece = arg;

    return store(piece->u, piece->q, piece->r, p, n);
}

static int data(struct request *q, const void *p, size_t n, struct response *r)
{
    struct module_upload *u = request_data(q);
    struct piece piece = {u, q, r};

    if (!u->inflate)
        return store(u, q, r, p, n);
    switch (inflate_add(u->inflate, p, n, store_piece, &piece)) {
    case 0:
        return 0;
    case INFLATE_MALFORMED:
        return refuse(u, q, r, 415,
                      "The body is not what Content-Encoding says: zstd with a window of at most "
                      "8 MiB, as `zstd` makes it without --long and --ultra.");
    default:
        return 1; /* store_piece has answered */
    }
}

/* 0 when the file is whole and has the build-id of the path; else 1 with the answer filled in. */
static int check_file(struct module_upload *u, struct request *q, struct response *r)
{
    char found[ELF_BUILD_ID_TEXT];
    int outcome = elf_check_whole_fd(u->fd); /* else it would be kept for good as it is */

    if (outcome == 0)
        outcome = elf_build_id_fd(u->fd, found);
    if (outcome < 0)
        return refuse_unstored(u, q, r, outcome);
    if (outcome == ELF_NOT_ELF)
        return refuse(u, q, r, 415, "This is no little-endian ELF file.");
    if (outcome == ELF_MALFORMED)
        return refuse(u, q, r, 422,
                      "This ELF file is damaged or cut off: its headers point outside of it.");
    if (outcome == ELF_NO_BUILD_ID)
        return refuse(u, q, r, 422, "This file has no build-id. Link it with -Wl,--build-id.");
    if (strcmp(found, u->build_id) != 0)
        return refuse(u, q, r, 422,
                      arena_printf(request_arena(q),
                                   "The build-id of this file is %s. Send it under that one.",
                                   found));
    return 0;
}

/* The mark is there before the module, so that no kill leaves one of which nobody is told, and made
 * anew when the module is to be found: who took the first one may have looked too early. */
static int publish(struct module_upload *u)
{
    struct blob_store *store = u->in->store;
    int outcome;

    if (blob_module_has(store, u->build_id, u->kind))
        return BLOB_EXISTS;
    outcome = arrival_add(store, u->build_id);
    if (outcome == 0)
        outcome = blob_module_commit(store, u->fd, u->build_id, u->kind);
    if (outcome == 0)
        outcome = arrival_add(store, u->build_id);
    if (outcome == 0)
        feeder_tell_arrival(u->in->feeder);
    return outcome;
}

static void end(struct request *q, struct response *r)
{
    struct module_upload *u = request_data(q);
    int outcome;

    if (u->inflate && !inflate_whole(u->inflate)) {
        refuse(u, q, r, 422, "The zstd stream of the body is cut off.");
        return;
    }
    if (ftruncate(u->fd, (off_t)u->received) < 0) { /* a hole may be the last of it */
        refuse_unstored(u, q, r, -errno);
        return;
    }
    if (check_file(u, q, r) != 0)
        return;
    outcome = publish(u);
    if (outcome < 0)
        refuse_unstored(u, q, r, outcome);
    else if (outcome == BLOB_EXISTS)
        stored(u, r, 200, COUNTER_MODULES_EXISTED);
    else
        stored(u, r, 201, COUNTER_MODULES_STORED);
}

static void release(struct request *q)
{
    struct module_upload *u = request_data(q);

    if (!u->ended)
        metrics_add(u->in->metrics, COUNTER_MODULES_CUT, 1);
    inflate_free(u->inflate);
    cleanup_fd(&u->fd);
}

const struct body_sink modules_sink = {begin, data, end, release};
