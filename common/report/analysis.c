/* SPDX-License-Identifier: Apache-2.0 */
/* One table for each struct says which member stands under which key and how it is written;
 * formatting and parsing both walk it, so that they can't disagree. A member that has its default
 * value (NULL, 0, false) is left out, and missing means default. Parsing trusts nothing: nesting
 * and the number of values are bounded before jansson builds a tree, a key given twice is refused,
 * and so is every text, number and array beyond limits.h. */
#include "common/report/analysis.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"

#define REGISTER_NAME_MAX 32

enum field_type {
    FIELD_TEXT,     /* const char *, keeps its start when cut */
    FIELD_NAME,     /* const char *, keeps its end when cut */
    FIELD_BUILD_ID, /* const char *, lower-case hexadecimal */
    FIELD_INT,      /* int64_t */
    FIELD_COUNT,    /* uint64_t below 2^63, a number */
    FIELD_SIZE,     /* size_t, a number */
    FIELD_UNSIGNED, /* unsigned, a number */
    FIELD_HEX,      /* uint64_t, a text "0x…" */
    FIELD_BOOL,     /* bool */
    FIELD_TRUST,    /* enum frame_trust; always written */
    FIELD_STATUS,   /* enum module_status; always written */
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

const char *frame_trust_name(enum frame_trust t)
{
    return trust_names[t];
}

const char *module_status_name(enum module_status s)
{
    return status_names[s];
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

static void format_frames(const struct thread *t, struct buf *b)
{
    jsontext_array(b, "frames");
    for (size_t i = 0; i < t->n_frames; i++) {
        jsontext_object(b, NULL);
        analysis_format_frame(&t->frames[i], b);
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

void analysis_format(const struct analysis *an, struct buf *b)
{
    jsontext_object(b, NULL);
    format_fields(analysis_fields, ARRAY_SIZE(analysis_fields), an, b);
    format_threads(an, b);
    format_modules(an, b);
    jsontext_end_object(b);
}

/* --- Parsing --- */

static int parse_text(const json_t *v, size_t max, struct arena *a, const char **ret)
{
    if (!json_is_string(v) || json_string_length(v) > max)
        return -EBADMSG;
    *ret = arena_strndup(a, json_string_value(v), json_string_length(v));
    return 0;
}

static int parse_build_id(const json_t *v, struct arena *a, const char **ret)
{
    if (!json_is_string(v) || !hex_valid(str_from(json_string_value(v)), BUILD_ID_TEXT_SIZE - 1))
        return -EBADMSG;
    *ret = arena_strdup(a, json_string_value(v));
    return 0;
}

/* Any integer of JSON that lies within the bounds. */
static int parse_int(const json_t *v, int64_t min, int64_t max, int64_t *ret)
{
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return -EBADMSG;
    *ret = json_integer_value(v);
    return 0;
}

static int parse_hex(const json_t *v, uint64_t *ret)
{
    return jsontree_address(v, ret) < 0 ? -EBADMSG : 0;
}

static int parse_bool(const json_t *v, bool *ret)
{
    if (!json_is_boolean(v))
        return -EBADMSG;
    *ret = json_is_true(v);
    return 0;
}

static int parse_word(const json_t *v, const char *const *words, size_t n, int *ret)
{
    if (!json_is_string(v))
        return -EBADMSG;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], json_string_value(v)) == 0) {
            *ret = (int)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_unsigned(const json_t *v, unsigned *ret)
{
    int64_t n;
    int r = parse_int(v, 0, UINT_MAX, &n);

    if (r == 0)
        *ret = (unsigned)n;
    return r;
}

static int parse_field(const struct field *f, const json_t *v, struct arena *a, void *member)
{
    switch (f->type) {
    case FIELD_TEXT:
        return parse_text(v, ANALYSIS_TEXT_MAX, a, member);
    case FIELD_NAME:
        return parse_text(v, FUNCTION_NAME_MAX, a, member);
    case FIELD_BUILD_ID:
        return parse_build_id(v, a, member);
    case FIELD_INT:
        return parse_int(v, INT64_MIN, INT64_MAX, member);
    case FIELD_COUNT:
    case FIELD_SIZE:
        return parse_int(v, 0, INT64_MAX, member);
    case FIELD_UNSIGNED:
        return parse_unsigned(v, member);
    case FIELD_HEX:
        return parse_hex(v, member);
    case FIELD_BOOL:
        return parse_bool(v, member);
    case FIELD_TRUST:
        return parse_word(v, trust_names, ARRAY_SIZE(trust_names), member);
    case FIELD_STATUS:
        return parse_word(v, status_names, ARRAY_SIZE(status_names), member);
    }
    return -EBADMSG;
}

static_assert(sizeof(size_t) == sizeof(int64_t), "FIELD_SIZE is parsed as FIELD_INT");
static_assert(sizeof(enum frame_trust) == sizeof(int) && sizeof(enum module_status) == sizeof(int),
              "words are parsed into an int");

static int parse_fields(const struct field *fields, size_t n, const json_t *object, struct arena *a,
                        void *target)
{
    if (!json_is_object(object))
        return -EBADMSG;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_object_get(object, fields[i].key);
        int r = v ? parse_field(&fields[i], v, a, (char *)target + fields[i].offset) : 0;

        if (r < 0)
            return r;
    }
    return 0;
}

/* The elements of an optional array: makes room for them and parses each. */
static int parse_array(const json_t *array, size_t max, size_t size,
                       int (*parse)(const json_t *v, struct arena *a, void *element),
                       struct arena *a, void *ret_elements, size_t *ret_n)
{
    size_t n = json_array_size(array);
    char *elements;

    if (!array)
        return 0;
    if (!json_is_array(array) || n > max)
        return -EBADMSG;
    elements = arena_calloc(a, n, size);
    for (size_t i = 0; i < n; i++) {
        int r = parse(json_array_get(array, i), a, elements + i * size);

        if (r < 0)
            return r;
    }
    *(void **)ret_elements = elements;
    *ret_n = n;
    return 0;
}

static int parse_frame(const json_t *v, struct arena *a, void *element)
{
    return parse_fields(frame_fields, ARRAY_SIZE(frame_fields), v, a, element);
}

static int parse_module(const json_t *v, struct arena *a, void *element)
{
    return parse_fields(module_fields, ARRAY_SIZE(module_fields), v, a, element);
}

static int parse_registers(json_t *object, struct arena *a, struct thread *t)
{
    const char *name;
    json_t *value;
    size_t n = 0;

    if (!object)
        return 0;
    if (!json_is_object(object) || json_object_size(object) > ANALYSIS_REGISTERS_MAX)
        return -EBADMSG;
    t->registers = arena_array(a, struct register_value, json_object_size(object));
    json_object_foreach(object, name, value)
    {
        if (strlen(name) > REGISTER_NAME_MAX)
            return -EBADMSG;
        t->registers[n].name = arena_strdup(a, name);
        if (parse_hex(value, &t->registers[n++].value) < 0)
            return -EBADMSG;
    }
    t->n_registers = n;
    return 0;
}

static int parse_thread(const json_t *v, struct arena *a, void *element)
{
    struct thread *t = element;
    int r = parse_fields(thread_fields, ARRAY_SIZE(thread_fields), v, a, t);

    if (r == 0)
        r = parse_registers(json_object_get(v, "registers"), a, t);
    if (r == 0)
        r = parse_array(json_object_get(v, "frames"), ANALYSIS_FRAMES_MAX, sizeof(struct frame),
                        parse_frame, a, &t->frames, &t->n_frames);
    if (r == 0 && t->gap_after > 0 && t->gap_after >= t->n_frames)
        return -EBADMSG;
    return r;
}

static int parse_analysis(const json_t *v, struct arena *a, struct analysis *an)
{
    int r = parse_fields(analysis_fields, ARRAY_SIZE(analysis_fields), v, a, an);

    if (r == 0)
        r = parse_array(json_object_get(v, "threads"), ANALYSIS_THREADS_MAX, sizeof(struct thread),
                        parse_thread, a, &an->threads, &an->n_threads);
    if (r == 0)
        r = parse_array(json_object_get(v, "modules"), ANALYSIS_MODULES_MAX, sizeof(struct module),
                        parse_module, a, &an->modules, &an->n_modules);
    return r;
}

int analysis_parse(struct str json, struct arena *a, struct analysis *ret)
{
    _cleanup_json_ json_t *root = NULL;
    struct analysis an = {0};
    int r;

    if (json.n > ANALYSIS_JSON_MAX)
        return -EBADMSG;
    root = jsontree_object(json, ANALYSIS_VALUES_MAX, NULL);
    if (!root)
        return -EBADMSG;
    r = parse_analysis(root, a, &an);
    if (r == 0)
        *ret = an;
    return r;
}
