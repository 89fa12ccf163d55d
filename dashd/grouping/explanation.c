/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/explanation.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/jsontree.h"
#include "dashd/grouping/rulenotes.h"

#define FACTS_VALUES_MAX 64

/* --- Frames --- */

const struct verdict_word verdict_table[] = {
    {"kept", "kept", "is part of the key by which the group is found", false},
    {"skipped", "skipped by", "stands between the bug and its neighbours", true},
    {"cut", "cut by", "only reports the crash, as does all that it called", true},
    {"bottom", "below the start,", "called the program's first function", true},
    {"repeated", "repeated", "is once more round a recursion", false},
    {"limit", "beyond the depth", "would count, but so many are kept already", false},
};
const size_t verdict_table_n = ARRAY_SIZE(verdict_table);

static const struct verdict_word *find_word(const char *verdict)
{
    for (size_t i = 0; verdict && i < ARRAY_SIZE(verdict_table); i++)
        if (strcmp(verdict_table[i].verdict, verdict) == 0)
            return &verdict_table[i];
    return NULL;
}

const char *verdict_words(const struct frame_view *f, struct arena *a)
{
    const struct verdict_word *w = find_word(f->verdict);

    if (!w)
        return f->verdict;
    if (!w->has_rule)
        return w->words;
    return f->rule ? arena_printf(a, "%s %s", w->words, f->rule) : w->verdict;
}

const char *verdict_meaning(const struct frame_view *f, struct arena *a)
{
    const struct verdict_word *w = find_word(f->verdict);
    const char *note = f->rule ? rule_note(f->rule, f->verdict, a) : NULL;

    if (!w)
        return NULL;
    if (!w->has_rule && f->name)
        return arena_printf(a, "This frame %s. It is known as %s.", w->meaning, f->name);
    return arena_printf(a, "This frame %s.%s%s", w->meaning, note ? " " : "", note ? note : "");
}

/* --- The crash --- */

static const char *text_of(const json_t *facts, const char *name, struct arena *a)
{
    return arena_strdup(a, json_string_value(json_object_get(facts, name)));
}

static const struct {
    const char *key, *words;
} more_keys[] = {
    {"symbols", "the functions among them that were not made inline"},
    {"addresses", "their build-ids and offsets"},
    {"call", "where in its build it reported the crash"},
    {"place", "the place that its message names"},
};

/* The first is the one that counts. */
static void read_keys(const json_t *keys, struct explanation *e)
{
    for (size_t i = 1; i < json_array_size(keys); i++) {
        const char *key = json_string_value(json_array_get(keys, i));

        for (size_t k = 0; key && k < ARRAY_SIZE(more_keys); k++)
            if (strcmp(key, more_keys[k].key) == 0 && e->n_more < EXPLANATION_KEYS_MAX)
                e->more[e->n_more++] = more_keys[k].key;
    }
}

static void read_facts(const char *text, struct arena *a, struct explanation *e)
{
    _cleanup_json_ json_t *facts = jsontree_object(str_from(text), FACTS_VALUES_MAX, NULL);

    e->kind = text_of(facts, "tag", a);
    e->detail = text_of(facts, "detail", a);
    e->class = text_of(facts, "class", a);
    e->message = text_of(facts, "message", a);
    read_keys(json_object_get(facts, "keys"), e);
}

/* "2/0123456789abcdef". */
static void read_grouped(const char *text, struct arena *a, struct explanation *e)
{
    struct str rest = str_from(text), algorithm;

    if (!str_split(&rest, '/', &algorithm) || algorithm.n == 0)
        return;
    e->algorithm = arena_strndup(a, algorithm.p, algorithm.n);
    if (rest.n > 0)
        e->rules = arena_strndup(a, rest.p, rest.n);
}

/* A stack of which no kept frame has a function has no other key than that by addresses. */
static const char *key_of(const struct stack_view *s)
{
    const char *key = "program";

    for (size_t i = 0; i < s->n; i++) {
        if (!s->frames[i].verdict || strcmp(s->frames[i].verdict, "kept") != 0)
            continue;
        if (s->frames[i].frame->function)
            return "symbols";
        key = "addresses";
    }
    return key;
}

void explanation_make(const struct stack_columns *c, const struct stack_view *s, struct arena *a,
                      struct explanation *ret)
{
    struct explanation e = {.key = key_of(s)};

    if (c->facts)
        read_facts(c->facts, a, &e);
    if (c->grouped)
        read_grouped(c->grouped, a, &e);
    *ret = e;
}

const char *explanation_key_words(const char *key)
{
    if (strcmp(key, "symbols") == 0)
        return "the functions of the kept frames";
    if (strcmp(key, "addresses") == 0)
        return "build-id and offset of the kept frames, for no function of theirs is known";
    return "program, class and message: no frame could be used";
}

static const char *more_words(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(more_keys); i++)
        if (strcmp(more_keys[i].key, key) == 0)
            return more_keys[i].words;
    return key;
}

const char *explanation_more_words(const struct explanation *e, struct arena *a)
{
    const char *words = "";

    for (size_t i = 0; i < e->n_more; i++)
        words = arena_printf(a, "%s%s%s", words,
                             i == 0               ? ""
                             : i + 1 == e->n_more ? " and "
                                                  : ", ",
                             more_words(e->more[i]));
    return words;
}
