/* SPDX-License-Identifier: Apache-2.0 */
/* One table for each struct says which member stands under which key and how it is written;
 * formatting and parsing both walk it, so that they can't disagree. A member that has its default
 * value (NULL, 0, false) is left out, and missing means default. Parsing trusts nothing: what is no
 * JSON, nests too deep or has too many values is refused (jsonreader.h), and so is every text,
 * number and array beyond limits.h. */
#include "common/report/analysis.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsonreader.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

#define REGISTER_NAME_MAX 32
#define ELEMENTS_MAX      (4u * 1024 * 1024) /* more than all limits together let come up */

enum field_type {
    FIELD_TEXT,      /* const char *, keeps its start when cut */
    FIELD_NAME,      /* const char *, keeps its end when cut */
    FIELD_BUILD_ID,  /* const char *, lower-case hexadecimal */
    FIELD_INT,       /* int64_t */
    FIELD_COUNT,     /* uint64_t below 2^63, a number */
    FIELD_SIZE,      /* size_t, a number */
    FIELD_UNSIGNED,  /* unsigned, a number */
    FIELD_HEX,       /* uint64_t, a text "0x…" */
    FIELD_BOOL,      /* bool */
    FIELD_TRUST,     /* enum frame_trust; always written */
    FIELD_STATUS,    /* enum module_status; always written */
    FIELD_CERTAINTY, /* enum cause_certainty; always written */
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
};

#define AT(type, member) offsetof(struct type, member)

/* clang-format off */
static const struct field frame_fields[] = {
    {"pc", FIELD_HEX, AT(frame, pc)},
    {"function", FIELD_NAME, AT(frame, function)},
    {"symbol", FIELD_NAME, AT(frame, symbol)},
    {"file", FIELD_TEXT, AT(frame, file)},
    {"source", FIELD_TEXT, AT(frame, source)},
    {"line", FIELD_UNSIGNED, AT(frame, line)},
    {"column", FIELD_UNSIGNED, AT(frame, column)},
    {"module", FIELD_TEXT, AT(frame, module)},
    {"build_id", FIELD_BUILD_ID, AT(frame, build_id)},
    {"offset", FIELD_HEX, AT(frame, offset)},
    {"function_offset", FIELD_HEX, AT(frame, function_offset)},
    {"inlined", FIELD_BOOL, AT(frame, inlined)},
    {"signal", FIELD_BOOL, AT(frame, signal)},
    {"trust", FIELD_TRUST, AT(frame, trust)},
    {"variables_left_out", FIELD_COUNT, AT(frame, variables_left_out)},
};

static const struct field variable_fields[] = {
    {"name", FIELD_TEXT, AT(variable, name)},
    {"type", FIELD_TEXT, AT(variable, type)},
    {"value", FIELD_TEXT, AT(variable, value)},
    {"problem", FIELD_TEXT, AT(variable, problem)},
    {"argument", FIELD_BOOL, AT(variable, argument)},
};

static const struct field thread_fields[] = {
    {"tid", FIELD_INT, AT(thread, tid)},
    {"name", FIELD_TEXT, AT(thread, name)},
    {"crashed", FIELD_BOOL, AT(thread, crashed)},
    {"frames_left_out", FIELD_COUNT, AT(thread, frames_left_out)},
    {"gap_after", FIELD_SIZE, AT(thread, gap_after)},
    {"recursion", FIELD_TEXT, AT(thread, recursion)},
    {"stopped", FIELD_TEXT, AT(thread, stopped)},
};

static const struct field module_fields[] = {
    {"path", FIELD_TEXT, AT(module, path)},
    {"build_id", FIELD_BUILD_ID, AT(module, build_id)},
    {"start", FIELD_HEX, AT(module, start)},
    {"end", FIELD_HEX, AT(module, end)},
    {"status", FIELD_STATUS, AT(module, status)},
    {"problem", FIELD_TEXT, AT(module, problem)},
};

static const struct field cause_fields[] = {
    {"rule", FIELD_TEXT, AT(cause, rule)},
    {"sentence", FIELD_TEXT, AT(cause, sentence)},
    {"certainty", FIELD_CERTAINTY, AT(cause, certainty)},
};

static const struct field evidence_fields[] = {
    {"what", FIELD_TEXT, AT(evidence, what)},
    {"value", FIELD_TEXT, AT(evidence, value)},
};

static const struct field analysis_fields[] = {
    {"engine", FIELD_TEXT, AT(analysis, engine)},
    {"architecture", FIELD_TEXT, AT(analysis, architecture)},
    {"problem", FIELD_TEXT, AT(analysis, problem)},
    {"message", FIELD_TEXT, AT(analysis, message)},
    {"pid", FIELD_INT, AT(analysis, pid)},
    {"signal", FIELD_INT, AT(analysis, signal)},
    {"code", FIELD_INT, AT(analysis, code)},
    {"has_address", FIELD_BOOL, AT(analysis, has_address)},
    {"address", FIELD_HEX, AT(analysis, address)},
    {"executable", FIELD_TEXT, AT(analysis, executable)},
    {"core_bytes", FIELD_COUNT, AT(analysis, core_bytes)},
    {"core_truncated", FIELD_BOOL, AT(analysis, core_truncated)},
    {"threads_left_out", FIELD_COUNT, AT(analysis, threads_left_out)},
};
/* clang-format on */

static const char *const trust_names[] = {
    [TRUST_CONTEXT] = "context",
    [TRUST_CFI] = "cfi",
    [TRUST_FRAME_POINTER] = "frame-pointer",
    [TRUST_SCAN] = "scan",
};

static const char *const status_names[] = {
    [MODULE_MISSING] = "missing",
    [MODULE_STRIPPED] = "stripped",
    [MODULE_SYMBOLS] = "symbols",
    [MODULE_DEBUG] = "debug",
};

static const char *const certainty_names[] = {
    [CAUSE_LIKELY] = "likely",
    [CAUSE_CERTAIN] = "certain",
};

const char *frame_trust_name(enum frame_trust t)
{
    return trust_names[t];
}

const char *module_status_name(enum module_status s)
{
    return status_names[s];
}

const char *cause_certainty_name(enum cause_certainty c)
{
    return certainty_names[c];
}

/* --- Formatting --- */

static void format_text(const struct field *f, const char *text, struct buf *b)
{
    struct str s = str_from(text);
    size_t max = f->type == FIELD_NAME ? FUNCTION_NAME_MAX : ANALYSIS_TEXT_MAX;

    if (!text)
        return;
    if (s.n > max) {
        s.p += f->type == FIELD_NAME ? s.n - max : 0;
        s.n = max;
    }
    jsontext_slice(b, f->key, s);
}

static void format_number(const struct field *f, int64_t value, struct buf *b)
{
    if (value != 0)
        jsontext_int(b, f->key, value);
}

static void format_count(const struct field *f, uint64_t value, struct buf *b)
{
    format_number(f, value > INT64_MAX ? INT64_MAX : (int64_t)value, b);
}

static void format_hex(const struct field *f, uint64_t value, struct buf *b)
{
    if (value != 0)
        jsontext_hex(b, f->key, value);
}

static void format_bool(const struct field *f, bool value, struct buf *b)
{
    if (value)
        jsontext_bool(b, f->key, true);
}

static void format_field(const struct field *f, const void *member, struct buf *b)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_BUILD_ID:
        format_text(f, *(const char *const *)member, b);
        break;
    case FIELD_INT:
        format_number(f, *(const int64_t *)member, b);
        break;
    case FIELD_COUNT:
        format_count(f, *(const uint64_t *)member, b);
        break;
    case FIELD_SIZE:
        format_count(f, *(const size_t *)member, b);
        break;
    case FIELD_UNSIGNED:
        format_number(f, *(const unsigned *)member, b);
        break;
    case FIELD_HEX:
        format_hex(f, *(const uint64_t *)member, b);
        break;
    case FIELD_BOOL:
        format_bool(f, *(const bool *)member, b);
        break;
    case FIELD_TRUST:
        jsontext_string(b, f->key, trust_names[*(const int *)member]);
        break;
    case FIELD_STATUS:
        jsontext_string(b, f->key, status_names[*(const int *)member]);
        break;
    case FIELD_CERTAINTY:
        jsontext_string(b, f->key, certainty_names[*(const int *)member]);
        break;
    }
}

static void format_fields(const struct field *fields, size_t n, const void *object, struct buf *b)
{
    for (size_t i = 0; i < n; i++)
        format_field(&fields[i], (const char *)object + fields[i].offset, b);
}

void analysis_format_frame(const struct frame *f, struct buf *b)
{
    format_fields(frame_fields, ARRAY_SIZE(frame_fields), f, b);
}

static void format_variables(const struct frame *f, struct buf *b)
{
    if (f->n_variables == 0)
        return;
    jsontext_array(b, "variables");
    for (size_t i = 0; i < f->n_variables; i++) {
        jsontext_object(b, NULL);
        format_fields(variable_fields, ARRAY_SIZE(variable_fields), &f->variables[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_frames(const struct thread *t, struct buf *b)
{
    jsontext_array(b, "frames");
    for (size_t i = 0; i < t->n_frames; i++) {
        jsontext_object(b, NULL);
        analysis_format_frame(&t->frames[i], b);
        format_variables(&t->frames[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_registers(const struct thread *t, struct buf *b)
{
    if (t->n_registers == 0)
        return;
    jsontext_object(b, "registers");
    for (size_t i = 0; i < t->n_registers; i++)
        jsontext_hex(b, t->registers[i].name, t->registers[i].value);
    jsontext_end_object(b);
}

static void format_threads(const struct analysis *an, struct buf *b)
{
    jsontext_array(b, "threads");
    for (size_t i = 0; i < an->n_threads; i++) {
        jsontext_object(b, NULL);
        format_fields(thread_fields, ARRAY_SIZE(thread_fields), &an->threads[i], b);
        format_registers(&an->threads[i], b);
        format_frames(&an->threads[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_modules(const struct analysis *an, struct buf *b)
{
    jsontext_array(b, "modules");
    for (size_t i = 0; i < an->n_modules; i++) {
        jsontext_object(b, NULL);
        format_fields(module_fields, ARRAY_SIZE(module_fields), &an->modules[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_cause(const struct cause *c, struct buf *b)
{
    if (!c->rule)
        return;
    jsontext_object(b, "cause");
    format_fields(cause_fields, ARRAY_SIZE(cause_fields), c, b);
    jsontext_array(b, "evidence");
    for (size_t i = 0; i < c->n_evidence; i++) {
        jsontext_object(b, NULL);
        format_fields(evidence_fields, ARRAY_SIZE(evidence_fields), &c->evidence[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
}

void analysis_format(const struct analysis *an, struct buf *b)
{
    jsontext_object(b, NULL);
    format_fields(analysis_fields, ARRAY_SIZE(analysis_fields), an, b);
    format_cause(&an->cause, b);
    format_threads(an, b);
    format_modules(an, b);
    jsontext_end_object(b);
}

/* --- Parsing --- */

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
        parse_word(p, trust_names, ARRAY_SIZE(trust_names), member);
        break;
    case FIELD_STATUS:
        parse_word(p, status_names, ARRAY_SIZE(status_names), member);
        break;
    case FIELD_CERTAINTY:
        parse_word(p, certainty_names, ARRAY_SIZE(certainty_names), member);
        break;
    }
}

/* Members stand in the order of the table, as a rule: whoever looks begins where the last one was.
 */
static const struct field *find_field(const struct field *fields, size_t n, struct str key,
                                      size_t *next)
{
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[(*next + i) % n];

        if (str_eq(str_from(f->key), key)) {
            *next = (size_t)(f - fields) + 1;
            return f;
        }
    }
    return NULL;
}

/* False for a member that it does not know. */
typedef bool member_parser(struct parser *p, struct str key, void *target);

static void parse_object(struct parser *p, const struct field *fields, size_t n,
                         member_parser *others, void *target)
{
    struct str key;
    size_t next = 0;

    jsonreader_object(&p->reader);
    while (jsonreader_member(&p->reader, &key)) {
        const struct field *f = find_field(fields, n, key, &next);

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

    parse_object(p, variable_fields, ARRAY_SIZE(variable_fields), NULL, v);
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
    parse_object(p, frame_fields, ARRAY_SIZE(frame_fields), parse_part_of_frame, element);
}

static void parse_module(struct parser *p, void *element)
{
    parse_object(p, module_fields, ARRAY_SIZE(module_fields), NULL, element);
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

    parse_object(p, thread_fields, ARRAY_SIZE(thread_fields), parse_part_of_thread, t);
    if (t->gap_after > 0 && t->gap_after >= t->n_frames)
        jsonreader_refuse(&p->reader);
}

static void parse_evidence(struct parser *p, void *element)
{
    struct evidence *e = element;

    parse_object(p, evidence_fields, ARRAY_SIZE(evidence_fields), NULL, e);
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
    parse_object(p, cause_fields, ARRAY_SIZE(cause_fields), parse_part_of_cause, c);
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
    parse_object(&p, analysis_fields, ARRAY_SIZE(analysis_fields), parse_part_of_analysis, &an);
    r = jsonreader_end(&p.reader);
    if (buf_error(&p.elements) < 0)
        r = -EBADMSG;
    buf_fini(&p.elements);
    jsonreader_fini(&p.reader);
    if (r == 0)
        *ret = an;
    return r;
}
