/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/stack.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"
#include "dashd/values.h"

#define STACK_JSON_MAX (4u * 1024 * 1024)
#define STACK_RUN_MIN  4 /* frames that are worth a fold */

const char *path_base(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path ? path : "";
}

const char *path_tail(const char *path)
{
    const char *base = path_base(path), *p = base;

    if (!path || base == path || base == path + 1)
        return base;
    for (p = base - 1; p > path && p[-1] != '/'; p--)
        ;
    return p;
}

/* --- From the database --- */

static const char *text_member(const json_t *object, const char *key, struct arena *a)
{
    return arena_strdup(a, json_string_value(json_object_get(object, key)));
}

static void read_verdicts(const json_t *frames, struct arena *a, struct stack_view *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const json_t *f = json_array_get(frames, i);

        s->frames[i].verdict = text_member(f, "verdict", a);
        s->frames[i].rule = text_member(f, "rule", a);
        s->frames[i].name = text_member(f, "name", a);
    }
}

static void wrap(const struct thread *t, struct arena *a, struct stack_view *ret)
{
    *ret = (struct stack_view){
        .frames = arena_array(a, struct frame_view, t->n_frames),
        .n = t->n_frames,
        .left_out = t->frames_left_out,
        .gap_after = t->gap_after,
        .recursion = t->recursion,
        .stopped = t->stopped,
    };
    for (size_t i = 0; i < t->n_frames; i++)
        ret->frames[i].frame = &t->frames[i];
}

/* NULL unless the text that was put into the wrapping object was one value and not the end of it
 * and more. */
static const json_t *wrapped_frames(const json_t *root)
{
    const json_t *thread = json_array_get(json_object_get(root, "threads"), 0);

    if (json_object_size(root) != 1 || json_object_size(thread) != 1)
        return NULL;
    return json_object_get(thread, "frames");
}

/* The column's array is put where analysis_parse expects a thread's frames, so that its checks are
 * these, too. */
int stack_parse(struct str json, struct arena *a, struct stack_view *ret)
{
    _cleanup_json_ json_t *root = NULL;
    const json_t *frames;
    struct analysis an;
    struct str text;

    if (json.n > STACK_JSON_MAX)
        return -EBADMSG;
    text = str_from(arena_printf(a, "{\"threads\":[{\"frames\":%.*s}]}", (int)json.n, json.p));
    if (analysis_parse(text, a, &an) < 0 || an.n_threads != 1)
        return -EBADMSG;
    root = jsontree_object(text, ANALYSIS_VALUES_MAX, NULL);
    frames = wrapped_frames(root);
    if (!frames)
        return -EBADMSG;
    wrap(&an.threads[0], a, ret);
    read_verdicts(frames, a, ret);
    return 0;
}

/* --- From an analysis --- */

static bool same_text(const char *x, const char *y)
{
    return x == y || (x && y && strcmp(x, y) == 0);
}

static void copy_verdicts(const struct stack_view *judged, struct stack_view *s)
{
    if (!judged)
        return;
    for (size_t i = 0; i < s->n && i < judged->n; i++) {
        if (!same_text(judged->frames[i].frame->function, s->frames[i].frame->function))
            return;
        s->frames[i].verdict = judged->frames[i].verdict;
        s->frames[i].rule = judged->frames[i].rule;
        s->frames[i].name = judged->frames[i].name;
    }
}

static const char *why_nameless(const struct analysis *an, const struct frame *f)
{
    if (f->function)
        return NULL;
    if (!f->module)
        return "outside of every module";
    for (size_t i = 0; i < an->n_modules; i++) {
        const struct module *m = &an->modules[i];

        if (m->start > f->pc || f->pc >= m->end)
            continue;
        return m->status == MODULE_MISSING ? "the module's file is not on the server"
                                           : "no symbol of the module covers it";
    }
    return "no symbol covers it";
}

void stack_of_thread(const struct analysis *an, const struct thread *t,
                     const struct stack_view *judged, struct arena *a, struct stack_view *ret)
{
    wrap(t, a, ret);
    copy_verdicts(judged, ret);
    for (size_t i = 0; i < ret->n; i++) {
        ret->frames[i].missing = why_nameless(an, ret->frames[i].frame);
        ret->frames[i].arguments = values_arguments(ret->frames[i].frame, a);
    }
}

void stack_take_arguments(const struct thread *t, struct arena *a, struct stack_view *s)
{
    for (size_t i = 0; i < s->n && i < t->n_frames; i++) {
        if (!same_text(s->frames[i].frame->function, t->frames[i].function))
            return;
        s->frames[i].arguments = values_arguments(&t->frames[i], a);
    }
}

uint64_t stack_number(const struct stack_view *s, size_t i)
{
    return i + (i > s->gap_after ? s->left_out : 0);
}

static bool repeats(const struct stack_view *s, size_t i)
{
    return s->frames[i].verdict && strcmp(s->frames[i].verdict, "repeated") == 0;
}

static bool ends_before(const struct stack_view *s, size_t i)
{
    return i == 0 || !repeats(s, i - 1) || (s->left_out && i - 1 == s->gap_after);
}

size_t stack_run(const struct stack_view *s, size_t i)
{
    size_t n = 0;

    if (!ends_before(s, i))
        return 0;
    while (i + n < s->n && repeats(s, i + n) && (n == 0 || !ends_before(s, i + n)))
        n++;
    return n >= STACK_RUN_MIN ? n : 0;
}

static bool is_kept(const struct frame_view *f)
{
    return f->verdict && strcmp(f->verdict, "kept") == 0;
}

size_t stack_culprit(const struct stack_view *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->frames[i].frame->function && is_kept(&s->frames[i]))
            return i;
    for (size_t i = 0; i < s->n; i++)
        if (s->frames[i].frame->function)
            return i;
    return s->n;
}

/* --- Labels --- */

const char *frame_label(const struct frame_view *f, struct arena *a)
{
    const char *text = f->name ? f->name : f->frame->function;

    if (!cstr_empty(text))
        return text;
    return cstr_empty(f->frame->module) ? NULL : arena_strdup(a, path_base(f->frame->module));
}

static bool is_usable(const struct frame_view *f)
{
    return is_kept(f) || (f->verdict && strcmp(f->verdict, "limit") == 0);
}

const char **stack_labels(const struct stack_view *s, bool usable_only, struct arena *a,
                          size_t *ret_n)
{
    const char **labels = arena_array(a, const char *, s->n);
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!usable_only || is_usable(&s->frames[i]))
            labels[n++] = frame_label(&s->frames[i], a);
    *ret_n = n;
    return labels;
}

/* --- Folding --- */

static bool same_stack(const struct thread *x, const struct thread *y)
{
    if (x->n_frames != y->n_frames || x->frames_left_out != y->frames_left_out)
        return false;
    for (size_t i = 0; i < x->n_frames; i++)
        if (x->frames[i].pc != y->frames[i].pc ||
            !same_text(x->frames[i].function, y->frames[i].function))
            return false;
    return true;
}

/* FNV-1a over the return addresses; equal hashes are compared in full. */
static uint64_t stack_hash(const struct thread *t)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < t->n_frames; i++)
        h = (h ^ t->frames[i].pc) * 0x100000001b3u;
    return h;
}

/* The fold with the thread's stack; one that was not there is begun behind the last. */
static struct thread_fold *find_fold(struct thread_folds *f, uint64_t *hashes,
                                     const struct thread *t)
{
    uint64_t hash = stack_hash(t);

    for (size_t i = 0; i < f->n; i++)
        if (hashes[i] == hash && same_stack(f->folds[i].first, t))
            return &f->folds[i];
    hashes[f->n] = hash;
    f->folds[f->n].first = t;
    return &f->folds[f->n++];
}

/* Two passes: how many threads has each fold; which. */
void stack_fold(const struct analysis *an, struct arena *a, struct thread_folds *ret)
{
    struct thread_folds f = {.folds = arena_array(a, struct thread_fold, an->n_threads)};
    struct thread_fold **fold_of = arena_array(a, struct thread_fold *, an->n_threads);
    uint64_t *hashes = arena_array(a, uint64_t, an->n_threads);

    for (size_t i = 0; i < an->n_threads; i++) {
        if (an->threads[i].crashed)
            continue;
        fold_of[i] = find_fold(&f, hashes, &an->threads[i]);
        fold_of[i]->n++;
    }
    for (size_t i = 0; i < f.n; i++) {
        f.folds[i].threads = arena_array(a, const struct thread *, f.folds[i].n);
        f.folds[i].n = 0;
    }
    for (size_t i = 0; i < an->n_threads; i++)
        if (fold_of[i])
            fold_of[i]->threads[fold_of[i]->n++] = &an->threads[i];
    *ret = f;
}
