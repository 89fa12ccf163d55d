/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/upload.h"

#include <stdio.h>

#include "common/report/limits.h"

/* Statuses that mean more than their class. */
static const struct {
    long status;
    enum upload_verdict verdict;
} statuses[] = {
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
    if (!u->detail)
        u->detail = arena_printf(a, "the server answered %ld and gave no reason", reply->status);
}

int upload_crash(struct connection *c, struct str meta, int core_fd, struct arena *a,
                 struct upload *ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    int r = connection_post_crash(c, "/api/v1/crashes", meta, core_fd, &reply);
    struct upload u = {0};

    if (r < 0)
        return r;
    judge(r, &reply, a, &u);
    if (u.verdict == UPLOAD_DONE &&
        answer_parse((struct str){buf_text(&reply.body), reply.body.len}, a, &u.answer) != 0) {
        u.verdict = UPLOAD_FAILED;
        u.detail = "the answer is not that of corral-ingestd: check the server's URL";
    }
    *ret = u;
    return 0;
}

int upload_module(struct connection *c, const char *build_id, int fd, struct arena *a,
                  struct upload *ret)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    char path[BUILD_ID_TEXT_SIZE + 64];
    struct upload u = {0};
    int r;

    snprintf(path, sizeof(path), "/api/v1/modules/%s/executable", build_id);
    r = connection_put_file(c, path, fd, &reply);
    if (r < 0)
        return r;
    judge(r, &reply, a, &u);
    *ret = u;
    return 0;
}
