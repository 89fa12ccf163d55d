/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/fullcore.h"

#include <errno.h>
#include <string.h>

#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/meta.h"

#define VALUES_MAX 64

static int64_t number_at(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : META_UNKNOWN;
}

int fullcore_parse(struct str json, struct arena *a, struct fullcore *ret)
{
    _cleanup_json_ json_t *root = jsontree_object(json, VALUES_MAX, NULL);
    const char *digest = json_string_value(json_object_get(root, "sha256"));
    const char *problem = json_string_value(json_object_get(root, "core_problem"));
    struct fullcore f = {
        .core_bytes = number_at(root, "core_bytes"),
        .core_expected = number_at(root, "core_expected"),
        .core_truncated = json_is_true(json_object_get(root, "core_truncated")),
        .received = number_at(root, "received"),
        .stored = number_at(root, "stored"),
    };

    if (!root || f.stored == META_UNKNOWN || f.received == META_UNKNOWN || !digest ||
        strlen(digest) != SHA256_TEXT_SIZE - 1 ||
        !hex_valid(str_from(digest), SHA256_TEXT_SIZE - 1))
        return -EBADMSG;
    memcpy(f.sha256, digest, SHA256_TEXT_SIZE);
    f.core_problem = problem ? arena_strdup(a, problem) : NULL;
    *ret = f;
    return 0;
}

void fullcore_format(const struct fullcore *f, struct buf *b)
{
    jsontext_object(b, NULL);
    if (f->core_bytes != META_UNKNOWN)
        jsontext_int(b, "core_bytes", f->core_bytes);
    if (f->core_expected != META_UNKNOWN)
        jsontext_int(b, "core_expected", f->core_expected);
    jsontext_bool(b, "core_truncated", f->core_truncated);
    jsontext_string(b, "core_problem", f->core_problem);
    jsontext_int(b, "received", f->received);
    jsontext_int(b, "stored", f->stored);
    jsontext_string(b, "sha256", f->sha256);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}
