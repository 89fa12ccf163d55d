/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/record.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"

#define RECORD_VALUES_MAX (64u * 1024 + 32)

void record_format(struct str meta_json, const struct receipt *r, struct buf *b)
{
    char time[CLOCK_TEXT_SIZE];

    clock_format(r->received_at, time);
    jsontext_object(b, NULL);
    jsontext_object(b, "receipt");
    jsontext_string(b, "received_at", time);
    jsontext_string(b, "token_id", r->token_id);
    jsontext_string(b, "remote", r->remote);
    jsontext_string(b, "core_sha256", r->core_sha256[0] ? r->core_sha256 : NULL);
    jsontext_int(b, "core_received", (int64_t)r->core_received);
    jsontext_int(b, "core_stored", (int64_t)r->core_stored);
    jsontext_end_object(b);
    buf_adds(b, ",\"meta\":");
    buf_add(b, meta_json.p, meta_json.n);
    buf_adds(b, "}\n");
}

static const char *text_at(const json_t *object, const char *key, struct arena *a)
{
    const json_t *v = json_object_get(object, key);

    return json_is_string(v) ? arena_strndup(a, json_string_value(v), json_string_length(v)) : NULL;
}

static int size_at(const json_t *object, const char *key, uint64_t *ret)
{
    const json_t *v = json_object_get(object, key);

    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return -EBADMSG;
    *ret = (uint64_t)json_integer_value(v);
    return 0;
}

static int read_receipt(const json_t *object, struct arena *a, struct receipt *ret)
{
    const char *time = text_at(object, "received_at", a);
    const char *digest = text_at(object, "core_sha256", a);

    if (!time || clock_parse(str_from(time), &ret->received_at) < 0)
        return -EBADMSG;
    if (digest && (strlen(digest) != SHA256_TEXT_SIZE - 1 ||
                   !hex_valid(str_from(digest), SHA256_TEXT_SIZE - 1)))
        return -EBADMSG;
    if (digest)
        memcpy(ret->core_sha256, digest, SHA256_TEXT_SIZE);
    ret->token_id = text_at(object, "token_id", a);
    ret->remote = text_at(object, "remote", a);
    if (size_at(object, "core_received", &ret->core_received) < 0)
        return -EBADMSG;
    return size_at(object, "core_stored", &ret->core_stored);
}

/* The client's own text, so that meta.c reads it by the same rules as when it came in. */
static int read_meta(const json_t *object, struct arena *a, struct crash_meta *ret)
{
    _cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
    struct meta_error ignored;

    if (!text)
        return -EBADMSG;
    return meta_parse(str_from(text), a, ret, &ignored) == 0 ? 0 : -EBADMSG;
}

int record_parse(struct str json, struct arena *a, struct crash_record *ret)
{
    _cleanup_json_ json_t *root = jsontree_envelope(json, RECORD_VALUES_MAX, NULL);
    struct crash_record record = {0};
    int r;

    if (!root)
        return -EBADMSG;
    r = read_receipt(json_object_get(root, "receipt"), a, &record.receipt);
    if (r == 0)
        r = read_meta(json_object_get(root, "meta"), a, &record.meta);
    if (r == 0)
        *ret = record;
    return r;
}
