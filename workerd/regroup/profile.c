/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/profile.h"

#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"

#include "workerd/grouping/message.h"
#include "workerd/grouping/normalise.h"

#define FRAMES_JSON_MAX  (8u * 1024 * 1024)
#define FACTS_VALUES_MAX 64

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return cstr_empty(text) ? NULL : text;
}

static const char *kept_text(const json_t *object, const char *name, struct arena *a)
{
    const char *text = text_of(object, name);

    return text ? arena_strdup(a, text) : NULL;
}

static bool has_verdict(const json_t *frame, const char *verdict)
{
    const char *has = text_of(frame, "verdict");

    return has && strcmp(has, verdict) == 0;
}

/* --- Frames --- */

/* Where it crashed, as far as frames of one build can be compared. */
static void read_culprit(const json_t *frame, struct arena *a, struct profile *p)
{
    const char *file = text_of(frame, "file");
    json_int_t line = json_integer_value(json_object_get(frame, "line"));

    if (text_of(frame, "module"))
        p->module = normalise_module(text_of(frame, "module"), a);
    if (file)
        p->file = arena_strdup(a, strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
    p->build_id = kept_text(frame, "build_id", a);
    if (file && line > 0)
        p->line = arena_printf(a, "%s:%lld", file, (long long)line);
    else
        p->offset = kept_text(frame, "offset", a);
}

static const char *label(const json_t *frame, struct arena *a)
{
    const char *name = text_of(frame, "name");

    return name ? arena_strdup(a, name) : normalise_module(text_of(frame, "module"), a);
}

static void read_frames(const json_t *frames, struct arena *a, struct profile *p)
{
    bool has_culprit = false;

    for (size_t i = 0; i < json_array_size(frames); i++) {
        const json_t *frame = json_array_get(frames, i);

        if (!has_culprit && has_verdict(frame, "kept")) {
            read_culprit(frame, a, p);
            has_culprit = true;
        }
        if (has_verdict(frame, "limit") && p->n_behind < SPLIT_FRAME_MAX)
            p->behind[p->n_behind++] = label(frame, a);
    }
}

static int parse_frames(struct str frames, struct arena *a, struct profile *p)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FRAMES_JSON_MAX);
    _cleanup_json_ json_t *root = NULL;

    buf_adds(&b, "{\"frames\":");
    buf_add(&b, frames.p, frames.n);
    buf_adds(&b, "}");
    if (buf_error(&b) < 0)
        return -EBADMSG;
    root = jsontree_object((struct str){buf_text(&b), b.len}, ANALYSIS_VALUES_MAX, NULL);
    if (!json_is_array(json_object_get(root, "frames")))
        return -EBADMSG;
    read_frames(json_object_get(root, "frames"), a, p);
    return 0;
}

/* --- The whole --- */

static int parse_facts(struct str text, struct str judged, struct arena *a, struct profile *p)
{
    _cleanup_json_ json_t *facts = jsontree_object(text, FACTS_VALUES_MAX, NULL);
    _cleanup_json_ json_t *kind = jsontree_object(judged, FACTS_VALUES_MAX, NULL);
    const char *message = text_of(facts, "message");

    if (!facts || !kind)
        return -EBADMSG;
    p->signal = json_integer_value(json_object_get(facts, "signal"));
    p->executable = normalise_module(text_of(facts, "executable"), a);
    p->kind = kept_text(kind, "tag", a);
    if (message)
        p->message = message_without_parameters(message, a);
    return 0;
}

int profile_read(struct str frames, struct str facts, struct str judged, struct arena *a,
                 struct profile *ret)
{
    struct profile p = {.events = ret->events};
    int r = parse_frames(frames, a, &p);

    if (r == 0)
        r = parse_facts(facts, judged, a, &p);
    if (r == 0)
        *ret = p;
    return r;
}

const char *profile_value(const struct profile *p, const struct selector *s, struct arena *a)
{
    switch (s->kind) {
    case SELECT_FRAME:
        return s->frame <= p->n_behind ? p->behind[s->frame - 1] : "";
    case SELECT_SIGNAL:
        return arena_printf(a, "%lld", (long long)p->signal);
    case SELECT_EXECUTABLE:
        return p->executable;
    }
    return "";
}
