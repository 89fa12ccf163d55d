/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/hint.h"

#include "common/base/str.h"
#include "common/report/jsontree.h"
#include "common/report/signals.h"

#define HINT_VALUES_MAX 1024

static const char *value_text(const json_t *value, struct arena *a)
{
    if (json_is_integer(value))
        return arena_printf(a, "%lld", (long long)json_integer_value(value));
    return json_is_string(value) ? arena_strdup(a, json_string_value(value)) : "";
}

static uint64_t count_of(const json_t *camp, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(camp, key));

    return n < 0 ? 0 : (uint64_t)n;
}

void hint_parse(const char *text, struct arena *a, struct split_hint *ret)
{
    _cleanup_json_ json_t *root = jsontree_object(str_from(text), HINT_VALUES_MAX, NULL);
    const json_t *camps = json_object_get(root, "camps");
    struct split_hint h = {.selector = selector_from_json(json_object_get(root, "selector"))};
    size_t n = json_array_size(camps);

    *ret = (struct split_hint){0};
    if (h.selector.kind == SELECT_NOTHING || n < 2)
        return;
    h.camps = arena_array(a, struct camp, HINT_CAMPS_MAX);
    for (; h.n < n && h.n < HINT_CAMPS_MAX; h.n++) {
        const json_t *camp = json_array_get(camps, h.n);

        h.camps[h.n] = (struct camp){
            .value = value_text(json_object_get(camp, "value"), a),
            .events = count_of(camp, "events"),
            .stacks = count_of(camp, "stacks"),
        };
    }
    *ret = h;
}

const char *camp_words(const struct selector *s, const char *value, struct arena *a)
{
    const char *name;
    int64_t n;

    if (cstr_empty(value))
        return s->kind == SELECT_FRAME ? "the stack ends before it" : "unknown";
    if (s->kind != SELECT_SIGNAL || str_to_i64(str_from(value), &n) < 0)
        return value;
    name = signal_name(n);
    return name ? name : arena_printf(a, "signal %lld", (long long)n);
}
