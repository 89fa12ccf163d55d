/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/words.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/view/format.h"

#define TRACKER_URL_MAX (16u * 1024)

/* --- Rests --- */

static const char *end_words(const struct rest_row *r, bool muted, struct arena *a)
{
    char until[FORMAT_SIZE];

    if (r->version)
        return arena_printf(a, "%s %s %s %s", muted ? "Until a version" : "A crash of a version",
                            r->beyond ? "later than" : "from", r->version,
                            muted       ? "crashes."
                            : r->beyond ? "brings it back as regressed."
                                        : "on brings it back as regressed.");
    if (r->until) {
        format_time(r->until, until);
        return arena_printf(a, "Until %s.", until);
    }
    if (r->hours)
        return arena_printf(a, "Until it crashes %" PRId64 " times within %" PRId64 " hours.",
                            r->events, r->hours);
    return r->events ? arena_printf(a, "Until it has crashed %" PRId64 " times more.", r->left)
                     : "Until somebody reopens it.";
}

const char *rest_words(const struct group_row *g, const struct workflow_state *w, struct arena *a)
{
    bool muted = strcmp(g->status, "muted") == 0;
    char at[FORMAT_SIZE];

    if (muted)
        return arena_printf(a, "Muted. %s", end_words(&w->rest, true, a));
    format_time(g->resolved_at, at);
    return arena_printf(a, "Resolved by %s, %s. %s", g->resolved_by ? g->resolved_by : "a program",
                        at,
                        w->rests ? end_words(&w->rest, false, a)
                                 : "Should it crash again, it comes back as regressed.");
}

/* --- Activity --- */

static const char *with(struct arena *a, const char *words, const char *between, const char *what)
{
    return what ? arena_printf(a, "%s%s%s", words, between, what) : words;
}

static const char *mute_words(const struct activity_row *row, struct arena *a)
{
    if (row->version)
        return arena_printf(a, "muted it until a version %s crashes", row->version);
    if (row->events)
        return arena_printf(a, "muted it until it crashes so often: %s", row->events);
    return with(a, "muted it", " until ", row->until);
}

static const char *woken_words(const struct activity_row *row, struct arena *a)
{
    return with(a, "opened it again", ": it crashed in version ", row->version);
}

const char *activity_words(const struct activity_row *row, struct arena *a)
{
    static const struct {
        const char *kind, *words, *between;
    } kinds[] = {
        {"reopened", "reopened it", ""},
        {"labelled", "added the label ", ""},
        {"unlabelled", "took the label off: ", ""},
        {"linked", "linked ", ""},
        {"unlinked", "took the link off: ", ""},
        {"escalating", "saw it crash much more than it used to", ""},
    };

    if (strcmp(row->kind, "commented") == 0)
        return "wrote:";
    if (strcmp(row->kind, "resolved") == 0)
        return with(a, "resolved it", " in version ", row->version);
    if (strcmp(row->kind, "muted") == 0)
        return mute_words(row, a);
    if (strcmp(row->kind, "assigned") == 0)
        return cstr_empty(row->text) ? "took it from whom it was assigned to"
                                     : arena_printf(a, "assigned it to %s", row->text);
    if (strcmp(row->kind, "regressed") == 0)
        return with(a, "saw it come back", " in version ", row->version);
    if (strcmp(row->kind, "ongoing") == 0)
        return woken_words(row, a);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(row->kind, kinds[i].kind) == 0)
            return with(a, kinds[i].words, kinds[i].between, row->text);
    return row->kind;
}

/* --- Addresses --- */

struct url link_url(const char *text)
{
    bool good = cstr_starts(text, "https://") || cstr_starts(text, "http://");

    return (struct url){good ? text : "#"};
}

static bool put_place(struct buf *b, const char **at, const char *name, const char *value)
{
    if (!cstr_starts(*at, name))
        return false;
    html_percent(b, value);
    *at += strlen(name);
    return true;
}

struct url tracker_url(const char *template, const char *title, const char *body, const char *url,
                       struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(TRACKER_URL_MAX);

    if (cstr_empty(template))
        return (struct url){NULL};
    for (const char *at = template; *at;)
        if (!put_place(&b, &at, "{title}", title) && !put_place(&b, &at, "{body}", body) &&
            !put_place(&b, &at, "{url}", url))
            buf_addc(&b, *at++);
    return buf_error(&b) < 0 ? (struct url){NULL} : (struct url){arena_strdup(a, buf_text(&b))};
}
