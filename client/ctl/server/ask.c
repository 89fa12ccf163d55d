/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/server/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define VALUES_MAX (8u * 1024 * 1024)
#define PATH_MAX_  4096

static int take(const struct access *a, int outcome, const struct reply *reply, json_t **ret)
{
    struct jsontree_error error = {0};
    json_t *value;

    if (outcome != 0 || (reply->status != 200 && reply->status != 202))
        return access_failure(a->dash_url, outcome, reply);
    value = jsontree_envelope((struct str){buf_text(&reply->body), reply->body.len}, VALUES_MAX,
                              &error);
    if (!value)
        return ctl_complain(CTL_ERROR, "%s: the answer is not that of corral-dashd: %s",
                            a->dash_url, error.text);
    *ret = value;
    return CTL_OK;
}

int ask_get(const struct access *a, struct connection *c, const char *path, json_t **ret)
{
    _cleanup_reply_ struct reply reply = {.body = BUF_INIT(ASK_BODY_MAX)};

    return take(a, connection_get(c, path, &reply), &reply, ret);
}

int ask_post(const struct access *a, struct connection *c, const char *path, const char *form,
             json_t **ret)
{
    _cleanup_reply_ struct reply reply = {.body = BUF_INIT(ASK_BODY_MAX)};

    return take(a, connection_post_form(c, path, str_from(form), &reply), &reply, ret);
}

int ask_text(const struct access *a, struct connection *c, const char *path, struct buf *b)
{
    _cleanup_reply_ struct reply reply = {.body = BUF_INIT(b->max)};
    int r = connection_get(c, path, &reply);

    if (r != 0 || reply.status != 200)
        return access_failure(a->dash_url, r, &reply);
    buf_add(b, buf_text(&reply.body), reply.body.len);
    return CTL_OK;
}

void ask_add_encoded(struct buf *b, const char *s)
{
    for (; *s; s++)
        if (isalnum((unsigned char)*s) || strchr("-._~", *s))
            buf_addc(b, *s);
        else
            buf_printf(b, "%%%02X", (unsigned char)*s);
}

void ask_add(struct buf *b, const char *key, const char *value)
{
    if (!value)
        return;
    if (b->len > 0)
        buf_addc(b, buf_text(b)[0] == '/' && !strchr(buf_text(b), '?') ? '?' : '&');
    buf_printf(b, "%s=", key);
    ask_add_encoded(b, value);
}

int ask_list(const struct access *a, struct connection *c, const char *path, const char *rows,
             long limit, json_t **ret)
{
    _cleanup_json_ json_t *all = json_array();
    char cursor[PATH_MAX_] = "";

    while ((long)json_array_size(all) < limit) {
        _cleanup_buf_ struct buf page = BUF_INIT(2 * PATH_MAX_);
        long left = limit - (long)json_array_size(all);
        _cleanup_json_ json_t *answer = NULL;
        const char *next;
        char number[24];
        int status;

        snprintf(number, sizeof(number), "%ld", left < ASK_LIMIT_MAX ? left : ASK_LIMIT_MAX);
        buf_adds(&page, path);
        ask_add(&page, "limit", number);
        ask_add(&page, "cursor", *cursor ? cursor : NULL);
        if (buf_error(&page))
            return ctl_complain(CTL_USAGE, "the query is too long");
        status = ask_get(a, c, buf_text(&page), &answer);
        if (status != CTL_OK)
            return status;
        json_array_extend(all, json_object_get(answer, rows));
        next = json_string_value(json_object_get(answer, "next_cursor"));
        if (!next || json_array_size(json_object_get(answer, rows)) == 0)
            break;
        snprintf(cursor, sizeof(cursor), "%s", next);
    }
    *ret = json_incref(all);
    return CTL_OK;
}
