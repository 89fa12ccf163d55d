/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/jsontree.h"

#include <errno.h>
#include <stdio.h>

#include "common/report/jsontext.h"
#include "common/report/limits.h"

static json_t *refuse(struct jsontree_error *e, int line, const char *text)
{
    if (e) {
        e->line = line;
        snprintf(e->text, sizeof(e->text), "%s", text);
    }
    return NULL;
}

static json_t *parse(struct str json, unsigned depth_max, size_t values_max,
                     struct jsontree_error *ret_error)
{
    json_error_t error;
    json_t *root;

    if (!jsontext_bounded(json, depth_max, values_max))
        return refuse(ret_error, 1, "nested too deep, or too many values");
    root = json_loadb(json.p ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return refuse(ret_error, error.line, error.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return refuse(ret_error, 1, "it is another kind of value");
    }
    return root;
}

json_t *jsontree_object(struct str json, size_t values_max, struct jsontree_error *ret_error)
{
    return parse(json, JSON_DEPTH_MAX, values_max, ret_error);
}

json_t *jsontree_envelope(struct str json, size_t values_max, struct jsontree_error *ret_error)
{
    return parse(json, JSON_DEPTH_MAX + 1, values_max, ret_error);
}

int jsontree_address(const json_t *value, uint64_t *ret)
{
    struct str text = {json_string_value(value), json_string_length(value)};

    if (!json_is_string(value) || !str_starts(text, STR("0x")))
        return -EINVAL;
    return str_hex_to_u64((struct str){text.p + 2, text.n - 2}, UINT64_MAX, ret) < 0 ? -EINVAL : 0;
}
