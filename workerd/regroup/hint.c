/* SPDX-License-Identifier: Apache-2.0 */
/* A hint as crash_groups has it. */
#include "workerd/regroup/detector.h"

#include "common/report/jsontext.h"
#include "common/report/jsontree.h"

#define HINT_VALUES_MAX 1024

static const char *const witness_names[WITNESS_COUNT] = {
    [WITNESS_KIND] = "kind",
    [WITNESS_MESSAGE] = "message",
    [WITNESS_PLACE] = "place",
    [WITNESS_MODULE] = "module",
};

static void format_selector(const struct selector *s, struct buf *b)
{
    jsontext_object(b, "selector");
    if (s->kind == SELECT_FRAME)
        jsontext_int(b, "frame", s->frame);
    else
        jsontext_bool(b, s->kind == SELECT_SIGNAL ? "signal" : "executable", true);
    jsontext_end_object(b);
}

void hint_format(const struct split_hint *h, struct buf *b)
{
    jsontext_object(b, NULL);
    format_selector(&h->selector, b);
    jsontext_array(b, "camps");
    for (size_t i = 0; i < h->n; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, "value", h->camps[i].value);
        jsontext_int(b, "events", h->camps[i].events);
        jsontext_int(b, "stacks", h->camps[i].stacks);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_array(b, "witnesses");
    for (int w = 0; w < WITNESS_COUNT; w++) {
        if (h->witnesses[w])
            jsontext_string(b, NULL, witness_names[w]);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
}

static void parse_camps(const json_t *camps, struct arena *a, struct split_hint *h)
{
    size_t n = json_array_size(camps);

    h->camps = arena_array(a, struct hint_camp, HINT_CAMPS_MAX);
    for (; h->n < n && h->n < HINT_CAMPS_MAX; h->n++) {
        const json_t *camp = json_array_get(camps, h->n);
        const char *value = json_string_value(json_object_get(camp, "value"));

        h->camps[h->n] = (struct hint_camp){
            .value = value ? arena_strdup(a, value) : "",
            .events = json_integer_value(json_object_get(camp, "events")),
            .stacks = json_integer_value(json_object_get(camp, "stacks")),
        };
    }
}

void hint_parse(const char *json, struct arena *a, struct split_hint *ret)
{
    _cleanup_json_ json_t *root = jsontree_object(str_from(json), HINT_VALUES_MAX, NULL);
    struct split_hint h = {.any = true};

    *ret = (struct split_hint){.any = false};
    if (selector_of_json(json_object_get(root, "selector"), &h.selector) < 0)
        return;
    parse_camps(json_object_get(root, "camps"), a, &h);
    if (h.n > 0)
        *ret = h;
}
