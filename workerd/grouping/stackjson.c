/* SPDX-License-Identifier: Apache-2.0 */
/* Members are read through one reader that remembers the first mistake and where it was; after it,
 * everything reads as missing, so that no caller needs to look in between. */
#include "workerd/grouping/stackjson.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"
#include "common/report/signals.h"
#include "workerd/grouping/title.h"

struct reader {
    struct arena *arena;
    struct stackjson_error *error;
    bool failed;
    size_t frame; /* index of the frame that is being read */
    bool in_frame;
};

static void fail(struct reader *r, const char *key, const char *message)
{
    struct stackjson_error *e = r->error;

    if (r->failed)
        return;
    r->failed = true;
    if (r->in_frame)
        snprintf(e->pointer, sizeof(e->pointer), "/frames/%zu%s%s", r->frame, *key ? "/" : "", key);
    else
        snprintf(e->pointer, sizeof(e->pointer), "/%s", key);
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

    if (!v)
        return 0;
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
    if (str_starts(s, STR("0x")))
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

/* The code does not take part in grouping: it is only checked. */
static void check_code(struct reader *r, const json_t *object)
{
    const json_t *v = member(r, object, "si_code");

    if (v && !json_is_integer(v) && !json_is_string(v))
        fail(r, "si_code", "must be a number or a name like SEGV_MAPERR");
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
    if (cstr_empty(f->function) || strcmp(f->function, "??") == 0)
        f->function = NULL;
    else if (strcmp(f->function, "<signal handler called>") == 0)
        f->signal = true;
}

static void read_frame(struct reader *r, const json_t *object, struct frame *f)
{
    if (!json_is_object(object)) {
        fail(r, "", "must be an object");
        return;
    }
    read_function(r, object, f);
    f->file = read_text(r, object, "file");
    f->line = (unsigned)read_number(r, object, "line", 0, UINT_MAX);
    f->module = read_text(r, object, "module");
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

static int read_stack(struct reader *r, const json_t *root, struct crash_stack *ret)
{
    struct crash_stack stack = {0};

    if (!json_is_object(root))
        fail(r, "", "must be an object");
    stack.signal = read_signal(r, root);
    check_code(r, root);
    stack.message = read_text(r, root, "message");
    stack.executable = read_text(r, root, "executable");
    read_frames(r, root, &stack);
    if (r->failed)
        return -EBADMSG;
    *ret = stack;
    return 0;
}

int stackjson_parse(struct str json, struct arena *a, struct crash_stack *ret,
                    struct stackjson_error *ret_error)
{
    _cleanup_json_ json_t *root = NULL;
    struct reader r = {.arena = a, .error = ret_error};
    json_error_t error;

    *ret_error = (struct stackjson_error){0};
    if (!jsontext_bounded(json, JSON_DEPTH_MAX, ANALYSIS_VALUES_MAX)) {
        fail(&r, "", "is nested too deep or has too many values");
        return -EBADMSG;
    }
    root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &error);
    if (root)
        return read_stack(&r, root, ret);
    ret_error->line = error.line;
    ret_error->column = error.column;
    snprintf(ret_error->message, sizeof(ret_error->message), "%s", error.text);
    return -EBADMSG;
}

void stackjson_format(const struct crash_stack *stack, const struct grouping *g, const char *title,
                      struct buf *b)
{
    char hex[SHA256_TEXT_SIZE];

    hex_encode(g->fingerprint, SHA256_SIZE, hex);
    jsontext_object(b, NULL);
    jsontext_string(b, "title", title);
    jsontext_string(b, "fingerprint", hex);
    jsontext_array(b, "tags");
    jsontext_string(b, NULL, crash_kind_tag(g->kind));
    jsontext_string(b, NULL, g->unsymbolised ? "unsymbolised" : NULL);
    jsontext_end_array(b);
    jsontext_array(b, "frames");
    for (size_t i = 0; i < stack->n_frames; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, "function", g->verdicts[i].name);
        jsontext_string(b, "verdict", verdict_name(g->verdicts[i].kind));
        jsontext_string(b, "rule", g->verdicts[i].rule);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}

/* --- corral-workerd --fingerprint --- */

static int read_input(const char *path, struct buf *b)
{
    _cleanup_fd_ int fd = -1;

    if (strcmp(path, "-") == 0)
        return io_read_fd(STDIN_FILENO, b);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : io_read_fd(fd, b);
}

static void report(const char *path, const struct stackjson_error *e)
{
    if (e->line > 0)
        fprintf(stderr, "%s:%d:%d: %s\n", path, e->line, e->column, e->message);
    else
        fprintf(stderr, "%s: the value at \"%s\" %s\n", path, e->pointer, e->message);
}

int stackjson_main(int argc, char **argv, const void *conf)
{
    _cleanup_arena_ struct arena a;
    _cleanup_buf_ struct buf input = BUF_INIT(STACKJSON_MAX);
    _cleanup_buf_ struct buf output = BUF_INIT(2 * STACKJSON_MAX);
    struct stackjson_error error;
    struct crash_stack stack;
    struct grouping g;
    int r;

    (void)conf;
    arena_init(&a, 0);
    if (argc != 1) {
        fprintf(stderr, "usage: corral-workerd --fingerprint FILE   (- is standard input)\n");
        return 2;
    }
    r = read_input(argv[0], &input);
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
        return 1;
    }
    if (stackjson_parse((struct str){buf_text(&input), input.len}, &a, &stack, &error) < 0) {
        report(argv[0], &error);
        return 1;
    }
    fingerprint_make(&stack, &a, &g);
    stackjson_format(&stack, &g, title_make(&stack, &g, &a), &output);
    return buf_error(&output) < 0 || io_write(STDOUT_FILENO, output.data, output.len) < 0 ? 1 : 0;
}
