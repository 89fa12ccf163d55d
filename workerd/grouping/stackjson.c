/* SPDX-License-Identifier: Apache-2.0 */
/* Members are read through one reader that remembers the first mistake and where it was; after it,
 * everything reads as missing, so that no caller needs to look in between. */
#include "workerd/grouping/stackjson.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"
#include "common/report/signals.h"
#include "workerd/grouping/frametext.h"
#include "workerd/grouping/gdbtext.h"

struct reader {
    struct arena *arena;
    struct stackjson_error *error;
    bool failed;
    size_t frame; /* index of the frame that is being read */
    bool in_frame;
    size_t document; /* index in an array of them */
    bool in_array;
};

static void fail(struct reader *r, const char *key, const char *message)
{
    struct stackjson_error *e = r->error;
    char document[24] = "";

    if (r->failed)
        return;
    r->failed = true;
    if (r->in_array)
        snprintf(document, sizeof(document), "/%zu", r->document);
    if (r->in_frame)
        snprintf(e->pointer, sizeof(e->pointer), "%s/frames/%zu%s%s", document, r->frame,
                 *key ? "/" : "", key);
    else
        snprintf(e->pointer, sizeof(e->pointer), "%s/%s", document, key);
    snprintf(e->message, sizeof(e->message), "%s", message);
}

/* NULL when it is missing or null, or when reading has failed before. */
static const json_t *member(const struct reader *r, const json_t *object, const char *key)
{
    const json_t *v = r->failed ? NULL : json_object_get(object, key);

    return json_is_null(v) ? NULL : v;
}

static const char *read_text(struct reader *r, const json_t *object, const char *key)
{
    const json_t *v = member(r, object, key);

    if (!v)
        return NULL;
    if (!json_is_string(v)) {
        fail(r, key, "must be a text");
        return NULL;
    }
    return arena_strdup(r->arena, json_string_value(v));
}

static int64_t read_number(struct reader *r, const json_t *object, const char *key, int64_t min,
                           int64_t max)
{
    const json_t *v = member(r, object, key);
    int64_t value;

    if (!v)
        return 0;
    if (json_is_string(v) && str_to_i64(str_from(json_string_value(v)), &value) == 0 &&
        value >= min && value <= max)
        return value;
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
        fail(r, key, "must be a whole number within its bounds");
        return 0;
    }
    return json_integer_value(v);
}

/* A number, or a text that is hexadecimal after 0x and decimal without. */
static uint64_t read_offset(struct reader *r, const json_t *object, const char *key)
{
    const json_t *v = member(r, object, key);
    struct str s;
    uint64_t value = 0;
    int error;

    if (!json_is_string(v))
        return (uint64_t)read_number(r, object, key, 0, INT64_MAX);
    s = str_from(json_string_value(v));
    if (str_starts(s, STR("0x")) || str_starts(s, STR("0X")))
        error = str_hex_to_u64((struct str){s.p + 2, s.n - 2}, UINT64_MAX, &value);
    else
        error = str_to_u64(s, UINT64_MAX, &value);
    if (error < 0)
        fail(r, key, "must be a number, or a text like \"0x1f\"");
    return value;
}

static bool read_bool(struct reader *r, const json_t *object, const char *key)
{
    const json_t *v = member(r, object, key);

    if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= 1)
        return json_integer_value(v) == 1;
    if (v && !json_is_boolean(v))
        fail(r, key, "must be true or false");
    return json_is_true(v);
}

static int64_t read_signal(struct reader *r, const json_t *object)
{
    const json_t *v = member(r, object, "signal");
    int64_t signal = 0;

    if (!json_is_string(v))
        return read_number(r, object, "signal", 0, 64);
    if (signal_parse(json_string_value(v), &signal) < 0)
        fail(r, "signal", "is no signal: write a number or a name like SIGSEGV");
    return signal;
}

#define CODES_MAX 64 /* names of a signal's codes are looked for up to this one */

/* A name that no code of the signal has is passed over: it takes part in grouping for few. */
static int64_t read_code(struct reader *r, const json_t *object, int64_t signal)
{
    const json_t *v = member(r, object, "si_code");

    if (json_is_integer(v))
        return json_integer_value(v);
    if (v && !json_is_string(v))
        fail(r, "si_code", "must be a number or a name like SEGV_MAPERR");
    for (int64_t code = 1; json_is_string(v) && code < CODES_MAX; code++) {
        const char *name = signal_code_name(signal, code);

        if (name && strcmp(name, json_string_value(v)) == 0)
            return code;
    }
    return 0;
}

static const char *read_build_id(struct reader *r, const json_t *object)
{
    const char *text = read_text(r, object, "build_id");
    char *lower = arena_strdup(r->arena, text);

    for (char *p = lower; p && *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p + 'a' - 'A' : *p);
    if (cstr_empty(lower))
        return NULL;
    if (!hex_valid(str_from(lower), BUILD_ID_TEXT_SIZE - 1))
        fail(r, "build_id", "must be an even number of hexadecimal digits");
    return lower;
}

static void read_function(struct reader *r, const json_t *object, struct frame *f)
{
    f->function = read_text(r, object, "function");
    if (function_is_unknown(str_from(f->function)))
        f->function = NULL;
    else if (strcmp(f->function, "<signal handler called>") == 0)
        f->signal = true;
}

/* Some versions of gdb write the library where the file stands, and so does who reads their text.
 */
static void read_library(struct frame *f)
{
    if (f->module || f->line > 0 || cstr_empty(f->file) || !path_names_library(str_from(f->file)))
        return;
    f->module = f->file;
    f->file = NULL;
}

static void read_frame(struct reader *r, const json_t *object, struct frame *f)
{
    if (json_is_null(object))
        return;
    if (!json_is_object(object)) {
        fail(r, "", "must be an object");
        return;
    }
    read_function(r, object, f);
    f->file = read_text(r, object, "file");
    f->line = (unsigned)read_number(r, object, "line", 0, UINT_MAX);
    f->module = read_text(r, object, "module");
    read_library(f);
    f->build_id = read_build_id(r, object);
    f->offset = read_offset(r, object, "offset");
    f->inlined = read_bool(r, object, "inline");
}

static void read_frames(struct reader *r, const json_t *root, struct crash_stack *stack)
{
    const json_t *array = member(r, root, "frames");
    size_t n = json_array_size(array);
    struct frame *frames = arena_array(r->arena, struct frame, n);

    if (array && !json_is_array(array))
        fail(r, "frames", "must be an array");
    r->in_frame = true;
    for (r->frame = 0; r->frame < n && !r->failed; r->frame++)
        read_frame(r, json_array_get(array, r->frame), &frames[r->frame]);
    r->in_frame = false;
    stack->frames = frames;
    stack->n_frames = n;
}

static void read_gdb(struct reader *r, const json_t *root, struct crash_stack *stack)
{
    const char *text = read_text(r, root, "gdb");

    if (text)
        gdbtext_parse(str_from(text), r->arena, stack);
}

static int read_stack(struct reader *r, const json_t *root, struct crash_stack *ret)
{
    struct crash_stack stack = {0};

    if (!json_is_object(root))
        fail(r, "", "must be an object");
    read_gdb(r, root, &stack);
    if (member(r, root, "signal"))
        stack.signal = read_signal(r, root);
    stack.code = read_code(r, root, stack.signal);
    if (member(r, root, "message"))
        stack.message = read_text(r, root, "message");
    if (member(r, root, "executable"))
        stack.executable = read_text(r, root, "executable");
    if (member(r, root, "frames"))
        read_frames(r, root, &stack);
    if (r->failed)
        return -EBADMSG;
    *ret = stack;
    return 0;
}

static int read_array(struct reader *r, const json_t *root, struct crash_stack **ret, size_t *ret_n)
{
    size_t n = json_array_size(root);
    struct crash_stack *stacks = arena_array(r->arena, struct crash_stack, n);
    int e = 0;

    r->in_array = true;
    for (r->document = 0; r->document < n && e == 0; r->document += e == 0)
        e = read_stack(r, json_array_get(root, r->document), &stacks[r->document]);
    if (e < 0)
        return e;
    *ret = stacks;
    *ret_n = n;
    return 0;
}

static json_t *load(struct str json, struct reader *r)
{
    struct stackjson_error *e = r->error;
    json_error_t error;
    json_t *root;

    *e = (struct stackjson_error){0};
    if (!jsontext_bounded(json, JSON_DEPTH_MAX, ANALYSIS_VALUES_MAX)) {
        fail(r, "", "is nested too deep or has too many values");
        return NULL;
    }
    root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        e->line = error.line;
        e->column = error.column;
        snprintf(e->message, sizeof(e->message), "%s", error.text);
    }
    return root;
}

int stackjson_parse(struct str json, struct arena *a, struct crash_stack *ret,
                    struct stackjson_error *ret_error)
{
    struct reader r = {.arena = a, .error = ret_error};
    _cleanup_json_ json_t *root = load(json, &r);

    return root ? read_stack(&r, root, ret) : -EBADMSG;
}

int stackjson_parse_all(struct str json, struct arena *a, struct crash_stack **ret, size_t *ret_n,
                        struct stackjson_error *ret_error)
{
    struct reader r = {.arena = a, .error = ret_error};
    _cleanup_json_ json_t *root = load(json, &r);
    struct crash_stack *one = arena_new(a, struct crash_stack);
    int e;

    if (!root)
        return -EBADMSG;
    if (json_is_array(root))
        return read_array(&r, root, ret, ret_n);
    e = read_stack(&r, root, one);
    if (e < 0)
        return e;
    *ret = one;
    *ret_n = 1;
    return 0;
}

/* --- Output --- */

static void format_frame(const struct frame *f, const struct verdict *v, struct buf *b)
{
    jsontext_object(b, NULL);
    jsontext_string(b, "function", f->function);
    jsontext_string(b, "file", f->file);
    if (f->line > 0)
        jsontext_int(b, "line", f->line);
    jsontext_string(b, "module", f->module);
    jsontext_string(b, "build_id", f->build_id);
    if (f->offset > 0)
        jsontext_hex(b, "offset", f->offset);
    if (f->inlined)
        jsontext_bool(b, "inline", true);
    jsontext_string(b, "name", v->name);
    jsontext_string(b, "verdict", verdict_name(v->kind));
    jsontext_string(b, "rule", v->rule);
    jsontext_end_object(b);
}

static void format_keys(const struct grouping *g, struct buf *b)
{
    char hex[SHA256_TEXT_SIZE];

    jsontext_array(b, "keys");
    for (size_t i = 0; i < g->n_keys; i++) {
        hex_encode(g->keys[i].digest, SHA256_SIZE, hex);
        jsontext_object(b, NULL);
        jsontext_string(b, "kind", key_kind_name(g->keys[i].kind));
        jsontext_string(b, "fingerprint", hex);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

void stackjson_format(const struct crash_stack *stack, const struct grouping *g, const char *title,
                      struct buf *b)
{
    char hex[SHA256_TEXT_SIZE];

    hex_encode(g->keys[0].digest, SHA256_SIZE, hex);
    jsontext_object(b, NULL);
    jsontext_string(b, "title", title);
    jsontext_string(b, "fingerprint", hex);
    jsontext_int(b, "version", FINGERPRINT_VERSION);
    jsontext_string(b, "class", g->class);
    jsontext_string(b, "tag", crash_kind_tag(g->kind));
    jsontext_string(b, "detail", g->detail);
    jsontext_array(b, "tags");
    jsontext_string(b, NULL, crash_kind_tag(g->kind));
    jsontext_string(b, NULL, g->unsymbolised ? "unsymbolised" : NULL);
    jsontext_end_array(b);
    format_keys(g, b);
    jsontext_array(b, "frames");
    for (size_t i = 0; i < stack->n_frames; i++)
        format_frame(&stack->frames[i], &g->verdicts[i], b);
    jsontext_end_array(b);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}
