/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/upload.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/report/limits.h"

#define CRASHES      "/api/v1/crashes"
#define PATH_MAXIMUM (BUILD_ID_TEXT_SIZE + 64)

/* Statuses that mean more than their class. */
static const struct {
    long status;
    enum upload_verdict verdict;
} statuses[] = {
    {301, UPLOAD_UNAVAILABLE}, {302, UPLOAD_UNAVAILABLE}, {303, UPLOAD_UNAVAILABLE},
    {307, UPLOAD_UNAVAILABLE}, {308, UPLOAD_UNAVAILABLE}, {407, UPLOAD_UNAVAILABLE},
    {400, UPLOAD_REFUSED},     {401, UPLOAD_DENIED},      {403, UPLOAD_DENIED},
    {408, UPLOAD_UNAVAILABLE}, {409, UPLOAD_REFUSED},     {413, UPLOAD_REFUSED},
    {415, UPLOAD_REFUSED},     {422, UPLOAD_REFUSED},     {429, UPLOAD_UNAVAILABLE},
    {502, UPLOAD_UNAVAILABLE}, {503, UPLOAD_UNAVAILABLE}, {504, UPLOAD_UNAVAILABLE},
    {507, UPLOAD_UNAVAILABLE},
};

/* What is not in the table and no success is taken for a mistake on the way (a proxy, another
 * service on that port): nothing is thrown away for it. */
enum upload_verdict upload_judge(long status)
{
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].verdict;
    return status >= 200 && status < 300 ? UPLOAD_DONE : UPLOAD_FAILED;
}

/* An answer without a problem (RFC 9457) in it is hardly one of corral-ingestd's: a proxy's that
 * limits bodies or wants a certificate. Nothing is given up because of it. */
static enum upload_verdict doubt(enum upload_verdict verdict, long status)
{
    if (verdict == UPLOAD_DENIED || status == 400)
        return UPLOAD_UNAVAILABLE;
    return verdict == UPLOAD_REFUSED ? UPLOAD_FAILED : verdict;
}

static const char *guess(long status, struct arena *a)
{
    static const struct {
        long from, to;
        const char *words;
    } guesses[] = {
        {300, 399, "a redirection, which is not followed: set server to where it leads"},
        {400, 400, "no reason given: does something before the server want a client_cert?"},
        {403, 403, "no reason given: does a proxy forbid it?"},
        {407, 407, "the proxy wants a user and a password: proxy = http://USER:PASSWORD@HOST:PORT"},
        {413, 413, "no reason given: does a proxy before the server limit the size of a body?"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(guesses); i++)
        if (status >= guesses[i].from && status <= guesses[i].to)
            return arena_printf(a, "status %ld, %s", status, guesses[i].words);
    return arena_printf(a, "the server answered %ld and gave no reason", status);
}

static void judge(int outcome, const struct reply *reply, struct arena *a, struct upload *u)
{
    const struct str body = {buf_text(&reply->body), reply->body.len};

    if (outcome == CONNECTION_NO_TOKEN || outcome == CONNECTION_FAILED) {
        u->verdict = outcome == CONNECTION_FAILED ? UPLOAD_UNAVAILABLE : UPLOAD_DENIED;
        u->detail = arena_strdup(a, reply->error);
        return;
    }
    u->verdict = upload_judge(reply->status);
    u->status = reply->status;
    u->retry_after = reply->retry_after;
    if (u->verdict == UPLOAD_DONE)
        return;
    u->detail = answer_problem(body, a);
    if (u->detail)
        return;
    u->detail = guess(reply->status, a);
    u->verdict = doubt(u->verdict, reply->status);
}

static int read_crash_answer(int outcome, const struct reply *reply, struct arena *a,
                             struct upload *ret)
{
    struct upload u = {0};

    if (outcome < 0)
        return outcome;
    judge(outcome, reply, a, &u);
    if (u.verdict == UPLOAD_DONE &&
        answer_parse((struct str){buf_text(&reply->body), reply->body.len}, a, &u.answer) != 0) {
        u.verdict = UPLOAD_FAILED;
        u.detail = "the answer is not that of corral-ingestd: check the server's URL";
    }
    *ret = u;
    return 0;
}

int upload_crash(struct connection *c, struct str meta, int core_fd, struct arena *a,
                 struct upload *ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    int r = connection_post_crash(c, CRASHES, meta, core_fd, &reply);

    return read_crash_answer(r, &reply, a, ret);
}

int upload_stream(struct connection *c, struct str meta, int core_fd, uint64_t n, int pipe,
                  struct arena *a, struct upload *ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    int r = connection_post_stream(c, CRASHES, meta, core_fd, n, pipe, &reply);

    return read_crash_answer(r, &reply, a, ret);
}

/* --- Modules --- */

/* The path of a module, whose build-id is checked by the caller. */
static void module_path(const char *build_id, const char *kind, char *ret, size_t size)
{
    snprintf(ret, size, "/api/v1/modules/%s/%s", build_id, kind);
}

int upload_module(struct connection *c, const char *build_id, const char *kind, int fd,
                  struct arena *a, struct upload *ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    char path[PATH_MAXIMUM];
    struct upload u = {0};
    int r;

    module_path(build_id, kind, path, sizeof(path));
    r = connection_put_zstd(c, path, fd, &reply);
    if (r == 0 && reply.status == 415)
        r = connection_put_file(c, path, fd, &reply);
    if (r < 0)
        return r;
    judge(r, &reply, a, &u);
    *ret = u;
    return 0;
}

int upload_asks_module(struct connection *c, const char *build_id, const char *kind,
                       struct arena *a, struct upload *ret, bool *ret_has)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    char path[PATH_MAXIMUM];
    struct upload u = {0};
    bool missing;
    int r;

    module_path(build_id, kind, path, sizeof(path));
    r = connection_head(c, path, &reply);
    if (r < 0)
        return r;
    missing = r == 0 && reply.status == 404;
    if (missing)
        u = (struct upload){.verdict = UPLOAD_DONE, .status = reply.status};
    else
        judge(r, &reply, a, &u);
    *ret = u;
    *ret_has = u.verdict == UPLOAD_DONE && !missing;
    return 0;
}

/* --- Full cores --- */

static void core_path(const char *crash_id, char ret[static PATH_MAXIMUM])
{
    snprintf(ret, PATH_MAXIMUM, CRASHES "/%s/core", crash_id);
}

/* A success without an offset is no success: something else answered. */
static void read_offset(const struct reply *reply, struct upload *u,
                        struct upload_offset *ret_offset)
{
    if (u->verdict != UPLOAD_DONE)
        return;
    if (reply->upload_offset < 0) {
        u->verdict = UPLOAD_FAILED;
        u->detail = "the answer has no Upload-Offset: does a proxy take headers away?";
        return;
    }
    *ret_offset = (struct upload_offset){(uint64_t)reply->upload_offset, reply->upload_complete};
}

/* Not known, or a server that takes no full cores; in its own words, not in those of a proxy that
 * does not find the server. */
static bool never(const struct reply *reply)
{
    return reply->problem && (reply->status == 404 || reply->status == 405 || reply->status == 501);
}

int upload_asks_core(struct connection *c, const char *crash_id, struct arena *a,
                     struct upload *ret, struct upload_offset *ret_offset)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    char path[PATH_MAXIMUM];
    struct upload u = {0};
    int r;

    core_path(crash_id, path);
    r = connection_head(c, path, &reply);
    if (r < 0)
        return r;
    judge(r, &reply, a, &u);
    if (r == 0 && never(&reply))
        u.verdict = UPLOAD_REFUSED;
    read_offset(&reply, &u, ret_offset);
    *ret = u;
    return 0;
}

int upload_core_part(struct connection *c, const char *crash_id, int fd, uint64_t begin,
                     uint64_t end, const struct facts *facts, struct arena *a, struct upload *ret,
                     struct upload_offset *ret_offset)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    const char *headers[FACTS_HEADERS_MAX + 2] = {arena_printf(a, "Upload-Offset: %" PRIu64, begin),
                                                  facts ? "Upload-Complete: ?1"
                                                        : "Upload-Complete: ?0"};
    char path[PATH_MAXIMUM];
    struct upload u = {0};
    int r;

    if (facts)
        facts_headers(facts, a, headers + 2);
    core_path(crash_id, path);
    r = connection_put_range(c, path, fd, begin, end, headers, &reply);
    if (r < 0)
        return r;
    judge(r, &reply, a, &u);
    if (r == 0 && never(&reply))
        u.verdict = UPLOAD_REFUSED;
    if (r == 0 && reply.status == 409 && reply.upload_offset >= 0)
        u.verdict = UPLOAD_DONE;
    read_offset(&reply, &u, ret_offset);
    *ret = u;
    return 0;
}
