/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/stackrow.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/analysis.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"

#include "workerd/grouping/message.h"
#include "workerd/grouping/place.h"

#define STACK_JSON_MAX   (8u * 1024 * 1024)
#define FACTS_VALUES_MAX 64
#define MESSAGE_KEPT_MAX 2048
#define PATH_KEPT_MAX    1024

/* --- Texts --- */

const char *text_fit(const char *text, size_t max, struct arena *a)
{
    size_t n = text ? strlen(text) : 0;

    if (n <= max)
        return text ? text : "";
    return arena_strndup(a, text, utf8_valid_prefix(text, max));
}

void text_set_init(struct text_set *set, size_t n, struct arena *a)
{
    *set = (struct text_set){.texts = arena_array(a, const char *, n)};
}

/* Linear look-up: stacks have at most ANALYSIS_FRAMES_MAX frames. */
bool text_set_add(struct text_set *set, const char *text, struct arena *a)
{
    if (cstr_empty(text))
        return false;
    text = text_fit(text, INDEXED_MAX, a);
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->texts[i], text) == 0)
            return false;
    }
    set->texts[set->n++] = text;
    return true;
}

/* --- The message --- */

static bool same_keys(const struct rules *rules, const struct crash_stack *s,
                      const struct grouping *g, struct arena *a)
{
    struct grouping other;

    fingerprint_make(rules, s, a, &other);
    if (other.n_keys != g->n_keys || other.kind != g->kind)
        return false;
    for (size_t i = 0; i < g->n_keys; i++) {
        if (memcmp(other.keys[i].digest, g->keys[i].digest, SHA256_SIZE) != 0)
            return false;
    }
    return true;
}

/* Line by line. */
static const char *reduced(struct str text, struct arena *a)
{
    const char *out = "";
    struct str line;

    for (bool first = true; str_split(&text, '\n', &line); first = false)
        out = arena_printf(a, "%s%s%s", out, first ? "" : "\n",
                           message_without_parameters(arena_strndup(a, line.p, line.n), a));
    return out;
}

/* The parts, in the order in which they stand, stay as they are: they tell crashes apart. */
static const char *reduced_around(const char *message, const struct str *parts, size_t n,
                                  struct arena *a)
{
    const char *out = "";

    for (size_t i = 0; i < n; i++) {
        if (parts[i].p < message) /* it is in the one before */
            continue;
        out = arena_printf(a, "%s%s%.*s", out,
                           reduced((struct str){message, (size_t)(parts[i].p - message)}, a),
                           (int)parts[i].n, parts[i].p);
        message = parts[i].p + parts[i].n;
    }
    return arena_printf(a, "%s%s", out, reduced(str_from(message), a));
}

/* The detail (an expression, a type) and the place, as far as the message has them. */
static size_t find_parts(const char *message, const char *detail, struct str ret[static 2])
{
    const char *at = detail ? strstr(message, detail) : NULL;
    struct message_place place;
    size_t n = 0;

    if (at)
        ret[n++] = (struct str){at, strlen(detail)};
    if (message_place(message, &place))
        ret[n++] = place.whole;
    if (n == 2 && ret[1].p < ret[0].p) {
        ret[1] = ret[0];
        ret[0] = place.whole;
    }
    return n;
}

struct crash_stack stackrow_reduce(const struct rules *rules, const struct crash_stack *s,
                                   const struct grouping *g, struct arena *a)
{
    struct crash_stack whole = *s, less = *s;
    struct str parts[2] = {{NULL, 0}, {NULL, 0}};
    size_t n;

    whole.executable = text_fit(s->executable, PATH_KEPT_MAX, a);
    if (s->exception)
        whole.exception = message_type(s->exception, a);
    if (cstr_empty(s->message))
        return whole;
    whole.message = text_fit(s->message, MESSAGE_KEPT_MAX, a);
    less = whole;
    less.message = message_without_parameters(whole.message, a);
    if (same_keys(rules, &less, g, a))
        return less;
    n = find_parts(whole.message, g->detail, parts);
    for (size_t i = 0; i < n; i++) {
        less.message = reduced_around(whole.message, &parts[i], 1, a);
        if (same_keys(rules, &less, g, a))
            return less;
    }
    less.message = reduced_around(whole.message, parts, n, a);
    return n == 2 && same_keys(rules, &less, g, a) ? less : whole;
}

/* --- To JSON --- */

static void format_frame(struct frame f, const struct verdict *v, struct buf *b)
{
    f.pc = 0;                 /* differs from process to process */
    f.variables_left_out = 0; /* … and from one analysis to the next */
    jsontext_object(b, NULL);
    analysis_format_frame(&f, b);
    if (v) {
        jsontext_string(b, "verdict", verdict_name(v->kind));
        jsontext_string(b, "rule", v->rule);
        jsontext_string(b, "name", v->name);
    }
    jsontext_end_object(b);
}

/* verdicts may be NULL. Borrowed from b. */
static struct str format_frames(const struct crash_stack *s, const struct verdict *verdicts,
                                struct buf *b)
{
    buf_clear(b);
    jsontext_array(b, NULL);
    for (size_t i = 0; i < s->n_frames; i++)
        format_frame(s->frames[i], verdicts ? &verdicts[i] : NULL, b);
    jsontext_end_array(b);
    return (struct str){buf_text(b), b->len};
}

static const char *format_facts(const struct crash_stack *s, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STACK_JSON_MAX);

    jsontext_object(&b, NULL);
    if (s->signal != 0)
        jsontext_int(&b, "signal", s->signal);
    if (s->code != 0)
        jsontext_int(&b, "si_code", s->code);
    jsontext_string(&b, "message", s->message);
    if (!cstr_empty(s->executable))
        jsontext_string(&b, "executable", s->executable);
    if (s->handled != 0)
        jsontext_int(&b, "handled", s->handled);
    jsontext_string(&b, "exception", s->exception);
    if (s->overflow != OVERFLOW_UNKNOWN)
        jsontext_bool(&b, "overflow", s->overflow == OVERFLOW_YES);
    jsontext_end_object(&b);
    return arena_strdup(a, buf_text(&b));
}

static const char *format_judged(const struct grouping *g, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STACK_JSON_MAX);

    jsontext_object(&b, NULL);
    jsontext_string(&b, "class", g->class);
    jsontext_string(&b, "tag", crash_kind_tag(g->kind));
    jsontext_string(&b, "detail", g->detail);
    jsontext_array(&b, "keys");
    for (size_t i = 0; i < g->n_keys; i++)
        jsontext_string(&b, NULL, key_kind_name(g->keys[i].kind));
    jsontext_end_array(&b);
    jsontext_end_object(&b);
    return arena_strdup(a, buf_text(&b));
}

static void collect_texts(const struct crash_stack *s, const struct verdict *verdicts,
                          struct event_stack *row, struct arena *a)
{
    text_set_init(&row->functions, s->n_frames, a);
    text_set_init(&row->files, s->n_frames, a);
    text_set_init(&row->modules, s->n_frames, a);
    text_set_init(&row->build_ids, s->n_frames, a);
    for (size_t i = 0; i < s->n_frames; i++) {
        text_set_add(&row->functions, verdicts[i].name, a);
        text_set_add(&row->files, s->frames[i].file, a);
        text_set_add(&row->modules, s->frames[i].module, a);
        text_set_add(&row->build_ids, s->frames[i].build_id, a);
    }
}

/* The digest leaves the verdicts out: new rules judge the same stack anew. */
static void make_digest(struct str frames, const char *facts, uint8_t ret[static SHA256_SIZE])
{
    struct digest *d = digest_new();

    digest_add(d, frames.p, frames.n);
    digest_add(d, facts, strlen(facts));
    digest_finish(d, ret);
    digest_free(d);
}

struct event_stack *stackrow_make(const struct crash_stack *s, const struct grouping *g,
                                  struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STACK_JSON_MAX);
    struct event_stack *row;
    struct str frames;

    if (s->n_frames == 0)
        return NULL;
    row = arena_new(a, struct event_stack);
    row->crash = *s;
    row->verdicts = g->verdicts;
    row->facts = format_facts(s, a);
    row->judged = format_judged(g, a);
    frames = format_frames(s, NULL, &b);
    make_digest(frames, row->facts, row->digest);
    frames = format_frames(s, g->verdicts, &b);
    if (buf_error(&b) < 0)
        return NULL;
    row->frames = arena_strndup(a, frames.p, frames.n);
    collect_texts(s, g->verdicts, row, a);
    return row;
}

/* --- From JSON --- */

/* Frames are read by those who read an analysis: as its only thread. */
static int parse_frames(struct str json, struct arena *a, struct crash_stack *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STACK_JSON_MAX);
    struct analysis an;
    int r;

    buf_adds(&b, "{\"threads\":[{\"frames\":");
    buf_add(&b, json.p, json.n);
    buf_adds(&b, "}]}");
    if (buf_error(&b) < 0)
        return -EBADMSG;
    r = analysis_parse((struct str){buf_text(&b), b.len}, a, &an);
    if (r < 0)
        return r;
    if (an.n_threads != 1)
        return -EBADMSG;
    s->frames = an.threads[0].frames;
    s->n_frames = an.threads[0].n_frames;
    return 0;
}

static const char *text_of(const json_t *facts, const char *name, struct arena *a)
{
    return arena_strdup(a, json_string_value(json_object_get(facts, name)));
}

static int parse_facts(struct str json, struct arena *a, struct crash_stack *s)
{
    _cleanup_json_ json_t *facts = jsontree_object(json, FACTS_VALUES_MAX, NULL);
    const json_t *overflow = json_object_get(facts, "overflow");

    if (!facts)
        return -EBADMSG;
    s->signal = json_integer_value(json_object_get(facts, "signal"));
    s->code = json_integer_value(json_object_get(facts, "si_code"));
    s->message = text_of(facts, "message", a);
    s->executable = text_of(facts, "executable", a);
    s->handled = json_integer_value(json_object_get(facts, "handled"));
    s->exception = text_of(facts, "exception", a);
    s->overflow = json_is_true(overflow)    ? OVERFLOW_YES
                  : json_is_false(overflow) ? OVERFLOW_NO
                                            : OVERFLOW_UNKNOWN;
    return 0;
}

int stackrow_parse(struct str frames, struct str facts, struct arena *a, struct crash_stack *ret)
{
    struct crash_stack s = {0};
    int r = parse_frames(frames, a, &s);

    if (r == 0)
        r = parse_facts(facts, a, &s);
    if (r == 0)
        *ret = s;
    return r;
}
