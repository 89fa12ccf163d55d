/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing walks the tables of analysisfields.h; what is missing has its default value. Nothing is
 * trusted: what is no JSON, nests too deep or has too many values is refused (jsonreader.h), and so
 * is every text, number and array beyond limits.h. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/analysis.h"
#include "common/report/analysisfields.h"
#include "common/report/jsonreader.h"
#include "common/report/limits.h"

#define REGISTER_NAME_MAX 32
#define ELEMENTS_MAX      (4u * 1024 * 1024) /* more than all limits together let come up */

struct parser {
    struct jsonreader reader;
    struct arena *arena;
    struct buf elements; /* of the arrays that are open: how many there are is known at their end */
};

/* What a parser makes room for. */
union element {
    struct thread thread;
    struct frame frame;
    struct variable variable;
    struct module module;
    struct evidence evidence;
    struct register_value register_value;
};

static void parse_text(struct parser *p, size_t max, const char **ret)
{
    struct str text;

    if (jsonreader_text(&p->reader, max, &text))
        *ret = arena_strndup(p->arena, text.p, text.n);
}

static void parse_build_id(struct parser *p, const char **ret)
{
    struct str text;

    if (!jsonreader_text(&p->reader, BUILD_ID_TEXT_SIZE - 1, &text))
        return;
    if (!hex_valid(text, BUILD_ID_TEXT_SIZE - 1))
        jsonreader_refuse(&p->reader);
    else
        *ret = arena_strndup(p->arena, text.p, text.n);
}

/* Any integer of JSON that lies within the bounds. */
static int64_t parse_int(struct parser *p, int64_t min, int64_t max)
{
    int64_t n = 0;

    if (jsonreader_integer(&p->reader, &n) && (n < min || n > max))
        jsonreader_refuse(&p->reader);
    return n;
}

static void parse_word(struct parser *p, const char *const *words, size_t n, int *ret)
{
    struct str text;

    if (!jsonreader_text(&p->reader, SIZE_MAX, &text))
        return;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(str_from(words[i]), text)) {
            *ret = (int)i;
            return;
        }
    }
    jsonreader_refuse(&p->reader);
}

static_assert(sizeof(enum frame_trust) == sizeof(int) &&
                  sizeof(enum module_status) == sizeof(int) &&
                  sizeof(enum cause_certainty) == sizeof(int),
              "words are parsed into an int");

static void parse_field(struct parser *p, const struct field *f, void *member)
{
    switch (f->type) {
    case FIELD_TEXT:
        parse_text(p, ANALYSIS_TEXT_MAX, member);
        break;
    case FIELD_NAME:
        parse_text(p, FUNCTION_NAME_MAX, member);
        break;
    case FIELD_BUILD_ID:
        parse_build_id(p, member);
        break;
    case FIELD_INT:
        *(int64_t *)member = parse_int(p, INT64_MIN, INT64_MAX);
        break;
    case FIELD_COUNT:
        *(uint64_t *)member = (uint64_t)parse_int(p, 0, INT64_MAX);
        break;
    case FIELD_SIZE:
        *(size_t *)member = (size_t)parse_int(p, 0, INT64_MAX);
        break;
    case FIELD_UNSIGNED:
        *(unsigned *)member = (unsigned)parse_int(p, 0, UINT_MAX);
        break;
    case FIELD_HEX:
        jsonreader_address(&p->reader, member);
        break;
    case FIELD_BOOL:
        jsonreader_bool(&p->reader, member);
        break;
    case FIELD_TRUST:
        parse_word(p, trust_words.list, trust_words.n, member);
        break;
    case FIELD_STATUS:
        parse_word(p, status_words.list, status_words.n, member);
        break;
    case FIELD_CERTAINTY:
        parse_word(p, certainty_words.list, certainty_words.n, member);
        break;
    }
}

/* Members stand in the order of the table, as a rule: whoever looks begins where the last one was.
 */
static const struct field *find_field(const struct field_table *t, struct str key, size_t *next)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->list[(*next + i) % t->n];

        if (str_eq(str_from(f->key), key)) {
            *next = (size_t)(f - t->list) + 1;
            return f;
        }
    }
    return NULL;
}

/* False for a member that it does not know. */
typedef bool member_parser(struct parser *p, struct str key, void *target);

static void parse_object(struct parser *p, const struct field_table *t, member_parser *others,
                         void *target)
{
    struct str key;
    size_t next = 0;

    jsonreader_object(&p->reader);
    while (jsonreader_member(&p->reader, &key)) {
        const struct field *f = find_field(t, key, &next);

        if (f)
            parse_field(p, f, (char *)target + f->offset);
        else if (!others || !others(p, key, target))
            jsonreader_skip(&p->reader);
    }
}

/* What was parsed since `begin` becomes an array of the arena. */
static void take_elements(struct parser *p, size_t begin, size_t size, void *ret, size_t *ret_n)
{
    size_t bytes = p->elements.len - begin;

    *(void **)ret = arena_memdup(p->arena, buf_text(&p->elements) + begin, bytes);
    *ret_n = bytes / size;
    p->elements.len = begin;
}

static void parse_array(struct parser *p, size_t max, size_t size,
                        void (*parse)(struct parser *p, void *element), void *ret, size_t *ret_n)
{
    size_t begin = p->elements.len;

    jsonreader_array(&p->reader);
    while (jsonreader_element(&p->reader)) {
        union element e = {0};

        if (p->elements.len - begin == max * size)
            jsonreader_refuse(&p->reader);
        parse(p, &e);
        buf_add(&p->elements, &e, size);
    }
    take_elements(p, begin, size, ret, ret_n);
}

/* One without a name is none. */
static void parse_variable(struct parser *p, void *element)
{
    struct variable *v = element;

    parse_object(p, &variable_table, NULL, v);
    if (cstr_empty(v->name))
        jsonreader_refuse(&p->reader);
}

static bool parse_part_of_frame(struct parser *p, struct str key, void *target)
{
    struct frame *f = target;

    if (!str_eq(key, STR("variables")))
        return false;
    parse_array(p, ANALYSIS_VARIABLES_MAX, sizeof(struct variable), parse_variable, &f->variables,
                &f->n_variables);
    return true;
}

static void parse_frame(struct parser *p, void *element)
{
    parse_object(p, &frame_table, parse_part_of_frame, element);
}

static void parse_module(struct parser *p, void *element)
{
    parse_object(p, &module_table, NULL, element);
}

static void parse_registers(struct parser *p, struct thread *t)
{
    size_t begin = p->elements.len, max = ANALYSIS_REGISTERS_MAX * sizeof(struct register_value);
    struct str name;

    jsonreader_object(&p->reader);
    while (jsonreader_member(&p->reader, &name)) {
        struct register_value v = {0};

        if (name.n > REGISTER_NAME_MAX || p->elements.len - begin == max)
            jsonreader_refuse(&p->reader);
        if (!jsonreader_address(&p->reader, &v.value))
            break;
        v.name = arena_strndup(p->arena, name.p, name.n);
        buf_add(&p->elements, &v, sizeof v);
    }
    take_elements(p, begin, sizeof(struct register_value), &t->registers, &t->n_registers);
}

static bool parse_part_of_thread(struct parser *p, struct str key, void *target)
{
    struct thread *t = target;

    if (str_eq(key, STR("registers")))
        parse_registers(p, t);
    else if (str_eq(key, STR("frames")))
        parse_array(p, ANALYSIS_FRAMES_MAX, sizeof(struct frame), parse_frame, &t->frames,
                    &t->n_frames);
    else
        return false;
    return true;
}

static void parse_thread(struct parser *p, void *element)
{
    struct thread *t = element;

    parse_object(p, &thread_table, parse_part_of_thread, t);
    if (t->gap_after > 0 && t->gap_after >= t->n_frames)
        jsonreader_refuse(&p->reader);
}

static void parse_evidence(struct parser *p, void *element)
{
    struct evidence *e = element;

    parse_object(p, &evidence_table, NULL, e);
    if (cstr_empty(e->what) || cstr_empty(e->value))
        jsonreader_refuse(&p->reader);
}

static bool parse_part_of_cause(struct parser *p, struct str key, void *target)
{
    struct cause *c = target;

    if (!str_eq(key, STR("evidence")))
        return false;
    parse_array(p, ANALYSIS_EVIDENCE_MAX, sizeof(struct evidence), parse_evidence, &c->evidence,
                &c->n_evidence);
    return true;
}

/* One that says nothing is none. */
static void parse_cause(struct parser *p, struct cause *c)
{
    parse_object(p, &cause_table, parse_part_of_cause, c);
    if (cstr_empty(c->rule) || cstr_empty(c->sentence))
        jsonreader_refuse(&p->reader);
}

static bool parse_part_of_analysis(struct parser *p, struct str key, void *target)
{
    struct analysis *an = target;

    if (str_eq(key, STR("cause")))
        parse_cause(p, &an->cause);
    else if (str_eq(key, STR("threads")))
        parse_array(p, ANALYSIS_THREADS_MAX, sizeof(struct thread), parse_thread, &an->threads,
                    &an->n_threads);
    else if (str_eq(key, STR("modules")))
        parse_array(p, ANALYSIS_MODULES_MAX, sizeof(struct module), parse_module, &an->modules,
                    &an->n_modules);
    else
        return false;
    return true;
}

int analysis_parse(struct str json, struct arena *a, struct analysis *ret)
{
    struct parser p = {.arena = a, .elements = BUF_INIT(ELEMENTS_MAX)};
    struct analysis an = {0};
    int r;

    if (json.n > ANALYSIS_JSON_MAX)
        return -EBADMSG;
    jsonreader_init(&p.reader, json, ANALYSIS_VALUES_MAX, a);
    parse_object(&p, &analysis_table, parse_part_of_analysis, &an);
    r = jsonreader_end(&p.reader);
    if (buf_error(&p.elements) < 0)
        r = -EBADMSG;
    buf_fini(&p.elements);
    jsonreader_fini(&p.reader);
    if (r == 0)
        *ret = an;
    return r;
}
