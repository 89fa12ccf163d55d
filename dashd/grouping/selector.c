/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/selector.h"

#include <string.h>

#include "common/base/str.h"
#include "common/report/jsontree.h"

#define FRAME_PREFIX        "frame-"
#define SELECTOR_VALUES_MAX 8

struct selector selector_from_form(const char *text)
{
    struct str s = str_from(text);
    uint64_t n;

    if (str_eq(s, STR("signal")))
        return (struct selector){.kind = SELECT_SIGNAL};
    if (str_eq(s, STR("executable")))
        return (struct selector){.kind = SELECT_EXECUTABLE};
    if (!str_starts(s, STR(FRAME_PREFIX)))
        return (struct selector){0};
    s.p += strlen(FRAME_PREFIX);
    s.n -= strlen(FRAME_PREFIX);
    if (str_to_u64(s, SELECTOR_FRAME_MAX, &n) < 0 || n == 0)
        return (struct selector){0};
    return (struct selector){.kind = SELECT_FRAME, .frame = (unsigned)n};
}

const char *selector_form(const struct selector *s, struct arena *a)
{
    switch (s->kind) {
    case SELECT_FRAME:
        return arena_printf(a, FRAME_PREFIX "%u", s->frame);
    case SELECT_SIGNAL:
        return "signal";
    case SELECT_EXECUTABLE:
        return "executable";
    case SELECT_NOTHING:
        break;
    }
    return "";
}

struct selector selector_from_json(const json_t *object)
{
    const json_t *frame = json_object_get(object, "frame");
    json_int_t n = json_integer_value(frame);

    if (json_object_size(object) != 1)
        return (struct selector){0};
    if (frame && n >= 1 && n <= SELECTOR_FRAME_MAX)
        return (struct selector){.kind = SELECT_FRAME, .frame = (unsigned)n};
    if (json_is_true(json_object_get(object, "signal")))
        return (struct selector){.kind = SELECT_SIGNAL};
    if (json_is_true(json_object_get(object, "executable")))
        return (struct selector){.kind = SELECT_EXECUTABLE};
    return (struct selector){0};
}

struct selector selector_of_text(const char *json)
{
    _cleanup_json_ json_t *object = jsontree_object(str_from(json), SELECTOR_VALUES_MAX, NULL);

    return selector_from_json(object);
}

const char *selector_json(const struct selector *s, struct arena *a)
{
    switch (s->kind) {
    case SELECT_FRAME:
        return arena_printf(a, "{\"frame\":%u}", s->frame);
    case SELECT_SIGNAL:
        return "{\"signal\":true}";
    case SELECT_EXECUTABLE:
        return "{\"executable\":true}";
    case SELECT_NOTHING:
        break;
    }
    return "{}";
}

static const char *ordinal(unsigned n)
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};

    return n % 10 < 4 && (n < 10 || n > 20) ? endings[n % 10] : endings[0];
}

const char *selector_words(const struct selector *s, struct arena *a)
{
    switch (s->kind) {
    case SELECT_FRAME:
        if (s->frame == 1)
            return "the first frame behind those that count";
        return arena_printf(a, "the %u%s frame behind those that count", s->frame,
                            ordinal(s->frame));
    case SELECT_SIGNAL:
        return "the signal";
    case SELECT_EXECUTABLE:
        return "the program";
    case SELECT_NOTHING:
        break;
    }
    return "something that this version does not know";
}
