/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/hint.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/jsontree.h"
#include "common/report/signals.h"

#define HINT_VALUES_MAX 1024

/* --- What else differs --- */

static const struct {
    const char *name, *words;
} witnesses[] = {
    {"kind", "the kind of crash"},
    {"message", "the message"},
    {"place", "where in that function it crashed"},
    {"module", "the module or file of that function"},
};

static bool has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));

        if (one && strcmp(one, text) == 0)
            return true;
    }
    return false;
}

static void read_witnesses(const json_t *list, struct split_hint *h)
{
    for (size_t i = 0; i < ARRAY_SIZE(witnesses); i++)
        if (has_text(list, witnesses[i].name))
            h->witnesses[h->n_witnesses++] = witnesses[i].words;
}

const char *witness_name(const char *words)
{
    for (size_t i = 0; i < ARRAY_SIZE(witnesses); i++)
        if (strcmp(witnesses[i].words, words) == 0)
            return witnesses[i].name;
    return NULL;
}

const char *witness_words(const struct split_hint *h, struct arena *a)
{
    const char *words = h->n_witnesses ? h->witnesses[0] : "";

    for (size_t i = 1; i < h->n_witnesses; i++)
        words = arena_printf(a, "%s%s%s", words, i + 1 == h->n_witnesses ? " and " : ", ",
                             h->witnesses[i]);
    return words;
}

/* --- The hint --- */

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
    read_witnesses(json_object_get(root, "witnesses"), &h);
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
