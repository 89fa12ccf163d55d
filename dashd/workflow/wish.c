/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/workflow/wish.h"

#include <ctype.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/report/versionorder.h"

struct reading {
    const struct wish_fields *fields;
    const char *me;
    int64_t now;
    struct arena *arena;
};

typedef const char *reader(const struct reading *r, struct group_wish *w);

/* --- Texts --- */

static const char *trimmed(const struct reading *r, const char *text)
{
    struct str s = str_trim(str_from(text));

    return arena_strndup(r->arena, s.p ? s.p : "", s.n);
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

/* --- Resolving --- */

static const char *read_resolve(const struct reading *r, struct group_wish *w)
{
    const char *in = trimmed(r, r->fields->in);

    if (cstr_empty(in) || strcmp(in, "now") == 0)
        return NULL;
    if (strcmp(in, "next") == 0) {
        w->versions = VERSION_NEXT;
        return NULL;
    }
    if (strlen(in) > WISH_VERSION_MAX || version_order(str_from(in)).n == 0)
        return "`in` must be now, next, or a version that begins with a number, such as 2.4.1.";
    w->versions = VERSION_IN;
    w->version = in;
    return NULL;
}

static const char *read_nothing(const struct reading *r, struct group_wish *w)
{
    (void)r;
    (void)w;
    return NULL;
}

/* --- Muting --- */

static const struct {
    char unit;
    int64_t hours;
} units[] = {{'h', 1}, {'d', 24}, {'w', 7 * 24}};

/* "7d" → 168. 0: it is no span, or one too long. */
static int64_t span_hours(struct str s)
{
    uint64_t n;

    if (s.n < 2 || str_to_u64((struct str){s.p, s.n - 1}, 24 * WISH_DAYS_MAX, &n) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (s.p[s.n - 1] == units[i].unit && (int64_t)n * units[i].hours <= 24 * WISH_DAYS_MAX)
            return (int64_t)n * units[i].hours;
    return 0;
}

/* A day means its beginning. */
static int64_t read_time(const struct reading *r, const char *text)
{
    int64_t at = 0;

    if (clock_parse(str_from(text), &at) < 0 &&
        clock_parse(str_from(arena_printf(r->arena, "%sT00:00:00Z", text)), &at) < 0)
        return 0;
    return at;
}

/* "100", "100/24h". */
static bool read_events(struct str s, struct group_wish *w)
{
    struct str number;
    int64_t hours;
    uint64_t n;

    if (!str_split(&s, '/', &number) || str_to_u64(number, WISH_EVENTS_MAX, &n) < 0 || n == 0)
        return false;
    hours = s.p ? span_hours(s) : 0;
    if (s.p && hours == 0)
        return false;
    w->events = (int64_t)n;
    w->hours = hours;
    return true;
}

static const char *read_mute(const struct reading *r, struct group_wish *w)
{
    const char *until = trimmed(r, r->fields->until);
    int64_t hours = span_hours(str_from(until));

    if (cstr_empty(until) || strcmp(until, "forever") == 0)
        return NULL;
    if (strcmp(until, "next") == 0 || strcmp(until, "next-version") == 0)
        w->versions = VERSION_NEXT;
    else if (hours)
        w->until = r->now + hours * 3600 * USEC_PER_SEC;
    else if (!read_events(str_from(until), w))
        w->until = read_time(r, until);
    if (w->until && w->until <= r->now)
        return "`until` is over already.";
    if (w->versions == VERSION_ANY && !w->until && !w->events)
        return "`until` must be forever, next (version), a span such as 12h, 7d or 2w, a day such "
               "as 2026-12-24, a number of crashes such as 100, or such a number within a time: "
               "100/24h.";
    return NULL;
}

/* --- Words --- */

static const char *read_assign(const struct reading *r, struct group_wish *w)
{
    const char *to = trimmed(r, r->fields->to);

    if (!r->fields->to)
        return "`to` must be the name of a user, me, or nobody.";
    if (strcmp(to, "me") == 0 && !r->me)
        return "A program is nobody whom a group could be assigned to: give a user's name.";
    w->text = strcmp(to, "me") == 0 ? r->me : strcmp(to, "nobody") == 0 ? "" : to;
    return NULL;
}

static const char *read_label(const struct reading *r, struct group_wish *w)
{
    w->text = trimmed(r, r->fields->label);
    if (cstr_empty(w->text) || strlen(w->text) > WISH_LABEL_MAX || has_controls(w->text) ||
        strpbrk(w->text, ",\"*[]"))
        return "`label` must be 1 to 48 bytes without any of , \" * [ ]";
    return NULL;
}

static const char *read_comment(const struct reading *r, struct group_wish *w)
{
    w->text = trimmed(r, r->fields->text);
    if (cstr_empty(w->text) || strlen(w->text) > WISH_COMMENT_MAX)
        return "`text` must be a comment of 1 to 8,192 bytes.";
    return NULL;
}

/* Anything else than these two could run in a reader's browser. */
static const char *read_link(const struct reading *r, struct group_wish *w)
{
    w->text = trimmed(r, r->fields->url);
    if ((!cstr_starts(w->text, "https://") && !cstr_starts(w->text, "http://")) ||
        strlen(w->text) > WISH_URL_MAX || has_controls(w->text) || strpbrk(w->text, " \"<>\\"))
        return "`url` must begin with https:// or http:// and hold no blanks.";
    return NULL;
}

/* --- All --- */

static const struct {
    const char *name, *done;
    const char *field; /* that it reads */
    reader *read;
} actions[] = {
    [WISH_RESOLVE] = {"resolve", "resolved", "in", read_resolve},
    [WISH_REOPEN] = {"reopen", "reopened", "action", read_nothing},
    [WISH_MUTE] = {"mute", "muted", "until", read_mute},
    [WISH_ASSIGN] = {"assign", "assigned", "to", read_assign},
    [WISH_LABEL] = {"label", "labelled", "label", read_label},
    [WISH_UNLABEL] = {"unlabel", "unlabelled", "label", read_label},
    [WISH_COMMENT] = {"comment", "commented", "text", read_comment},
    [WISH_LINK] = {"link", "linked", "url", read_link},
    [WISH_UNLINK] = {"unlink", "unlinked", "url", read_link},
};

const char *wish_parse(const struct wish_fields *f, const char *me, int64_t now, struct arena *a,
                       struct group_wish *ret)
{
    const struct reading r = {f, me, now, a};

    for (size_t i = 0; f->action && i < ARRAY_SIZE(actions); i++) {
        struct group_wish w = {.action = (enum wish_action)i};
        const char *wrong;

        if (strcmp(f->action, actions[i].name) != 0)
            continue;
        wrong = actions[i].read(&r, &w);
        if (!wrong)
            *ret = w;
        return wrong;
    }
    return "`action` must be resolve, reopen, mute, assign, label, unlabel, comment, link or "
           "unlink.";
}

const char *wish_field(const char *action)
{
    for (size_t i = 0; action && i < ARRAY_SIZE(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            return actions[i].field;
    return "action";
}

const char *wish_action_name(enum wish_action action)
{
    return actions[action].name;
}

const char *wish_done_name(enum wish_action action)
{
    return actions[action].done;
}
