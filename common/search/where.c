/* SPDX-License-Identifier: Apache-2.0 */
/* Each field has a frame for groups and one for events, in which @ is the condition that its values
 * make. Names of functions, files and the like are looked for in names, which has an index of
 * letters. */
#include "common/search/where.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/search/moment.h"

/* --- Fields --- */

/* The groups themselves, and those that were merged into them and whose events are still on the
 * way. */
#define EVENTS_OF_GROUPS                                                                           \
    "e.group_id IN (SELECT o.id FROM crash_groups o JOIN crash_groups g "                          \
    "ON g.id = coalesce(o.merged_into, o.id) WHERE @)"

/* What is meant is found first, and by it the groups, each once: joined, PostgreSQL takes them for
 * more than it can keep and asks again for each row. */
#define GROUPS_WITH(table, column, ids)                                                            \
    "SELECT DISTINCT t.group_id FROM " table " t WHERE t." column " = ANY (ARRAY(" ids "))"

/* A group's names are counted in group_names; of an event, the names of its stack are looked at. */
#define GROUPS_WITH_NAME(kind)                                                                     \
    GROUPS_WITH("group_names", "name_id",                                                          \
                "SELECT n.id FROM names n WHERE n.kind = " kind " AND (@)")
#define STACK_WITH_NAME(names)                                                                     \
    "EXISTS (SELECT FROM stacks s, unnest(" names ") AS n (name) WHERE s.id = e.stack_id AND (@))"
#define BY_NAME(kind, names) "g.id IN (" GROUPS_WITH_NAME(kind) ")", STACK_WITH_NAME(names)
#define BY_PROGRAM                                                                                 \
    "g.id IN (" GROUPS_WITH("group_programs", "program_id",                                        \
                            "SELECT p.id FROM programs p WHERE @") ")",                            \
        "e.program_id IN (SELECT p.id FROM programs p WHERE @)"
#define BY_ENVIRONMENT                                                                             \
    "g.id IN (" GROUPS_WITH("group_environments", "environment_id",                                \
                            "SELECT v.id FROM environments v WHERE @") ")",                        \
        "e.environment_id IN (SELECT v.id FROM environments v WHERE @)"

#define BY_GROUP(table, group)                                                                     \
    "g.id IN (SELECT " group " FROM " table " WHERE @)",                                           \
        "e.group_id IN (SELECT o.id FROM crash_groups o JOIN " table " ON " group                  \
        " = coalesce(o.merged_into, o.id) WHERE @)"

static const struct {
    const char *column; /* that values are compared with; NULL: see the field's own rule */
    const char *groups, *events;
} sources[SEARCH_FIELDS] = {
    [SEARCH_TEXT] =
        {"n.name",
         "g.id IN (SELECT n.id FROM (SELECT id, title AS name FROM crash_groups) n WHERE @) "
         "OR g.id IN (" GROUPS_WITH_NAME("1") ")",
         "e.group_id IN (SELECT o.id FROM crash_groups o JOIN (SELECT id, title AS name "
         "FROM crash_groups) n ON n.id = coalesce(o.merged_into, o.id) WHERE @) "
         "OR " STACK_WITH_NAME("s.functions")},
    [SEARCH_IS] = {NULL, "@", EVENTS_OF_GROUPS},
    [SEARCH_SIGNAL] = {NULL, "g.signal IN (@)", "e.signal IN (@)"},
    [SEARCH_EXE] = {"p.executable", BY_PROGRAM},
    [SEARCH_COMM] = {"left(substring(p.executable FROM '[^/]*$'), 15)", BY_PROGRAM},
    [SEARCH_VERSION] = {"p.version", BY_PROGRAM},
    [SEARCH_FUNC] = {"n.name", BY_NAME("1", "s.functions")},
    [SEARCH_FILE] = {"n.name", BY_NAME("2", "s.files")},
    [SEARCH_MODULE] = {"n.name", BY_NAME("3", "s.modules")},
    [SEARCH_BUILDID] = {"n.name", BY_NAME("4", "s.build_ids")},
    [SEARCH_CAUSE] = {"n.name", BY_NAME("5", "ARRAY[s.cause]")},
    [SEARCH_PROBLEM] =
        {"p.problem",
         "g.id IN (SELECT DISTINCT e.group_id FROM crash_events e WHERE e.problem_id <> 0 "
         "AND e.problem_id = ANY (ARRAY(SELECT p.id FROM problems p WHERE @)))",
         "e.problem_id IN (SELECT p.id FROM problems p WHERE @)"},
    [SEARCH_HOST] = {"h.hostname",
                     "g.id IN (" GROUPS_WITH("group_hosts", "host_id",
                                             "SELECT h.id FROM hosts h WHERE @") ")",
                     "e.host_id IN (SELECT h.id FROM hosts h WHERE @)"},
    [SEARCH_UNIT] = {"v.unit", BY_ENVIRONMENT},
    [SEARCH_IMAGE] = {"v.image", BY_ENVIRONMENT},
    [SEARCH_KERNEL] = {"v.kernel", BY_ENVIRONMENT},
    [SEARCH_ARCH] = {"v.architecture", BY_ENVIRONMENT},
    [SEARCH_DISTRO] = {"v.distribution", BY_ENVIRONMENT},
    [SEARCH_PKG] = {NULL, BY_ENVIRONMENT},
    [SEARCH_CPU] = {"v.cpu", BY_ENVIRONMENT},
    [SEARCH_HAS] = {NULL, "@", "@"},
    [SEARCH_SYMBOLS] = {NULL, "@", "@"},
    [SEARCH_COUNT] = {"g.event_count", "@", EVENTS_OF_GROUPS},
    [SEARCH_HOSTS] = {"g.host_count", "@", EVENTS_OF_GROUPS},
    [SEARCH_FIRST] = {"g.first_seen", "@", EVENTS_OF_GROUPS},
    [SEARCH_LAST] = {"g.last_seen", "@", EVENTS_OF_GROUPS},
    [SEARCH_OWNER] = {NULL, "@", EVENTS_OF_GROUPS},
    [SEARCH_LABEL] = {"l.label", BY_GROUP("group_labels l", "l.group_id")},
    [SEARCH_BUG] = {"k.url", BY_GROUP("group_links k", "k.group_id")},
    [SEARCH_FP] = {"f.fingerprint", BY_GROUP("group_fingerprints f", "f.group_id")},
    [SEARCH_ID] = {NULL, "@", "@"},
};

/* What the words of has: and symbols: mean. A group is as good as its best title and key say. */
#define WHOLE_KEY                                                                                  \
    "EXISTS (SELECT FROM group_fingerprints f WHERE f.group_id = g.id AND f.quality = 2)"
#define STACK_WITH(condition)                                                                      \
    "EXISTS (SELECT FROM stacks s WHERE s.id = e.stack_id AND " condition ")"

#define GROUP_WITH(condition)                                                                      \
    condition, "e.group_id IN (SELECT o.id FROM crash_groups o JOIN crash_groups g "               \
               "ON g.id = coalesce(o.merged_into, o.id) WHERE " condition ")"

static const struct {
    enum search_field_id field;
    const char *word, *groups, *events;
} words[] = {
    {SEARCH_HAS, "core",
     "g.id IN (SELECT DISTINCT t.group_id FROM group_stacks t WHERE t.events > t.without_core)",
     "e.stack_id IS NOT NULL AND e.flags & 40 = 0"},
    {SEARCH_HAS, "symbols", "g.title_rank >= 2", STACK_WITH("s.functions <> '{}'")},
    {SEARCH_HAS, "hint", "g.split_hint IS NOT NULL",
     "e.group_id IN (SELECT g.id FROM crash_groups g WHERE g.split_hint IS NOT NULL)"},
    {SEARCH_HAS, "bug", GROUP_WITH("EXISTS (SELECT FROM group_links k WHERE k.group_id = g.id)")},
    {SEARCH_HAS, "comment",
     GROUP_WITH("EXISTS (SELECT FROM group_activity y WHERE y.group_id = g.id "
                "AND y.kind = 'commented')")},
    {SEARCH_SYMBOLS, "missing", "g.title_rank < 2", "NOT " STACK_WITH("s.functions <> '{}'")},
    {SEARCH_SYMBOLS, "partial", "g.title_rank >= 2 AND NOT " WHOLE_KEY,
     STACK_WITH("s.functions <> '{}' AND s.quality < 2")},
    {SEARCH_SYMBOLS, "full", "g.title_rank >= 2 AND " WHOLE_KEY,
     STACK_WITH("s.functions <> '{}' AND s.quality = 2")},
};

/* --- Writing --- */

struct writer {
    struct buf *text;
    enum search_subject subject;
    unsigned first;
    int64_t now;
    struct arena *arena;
    struct search_where *where;
};

/* The next parameter's number. */
static unsigned bind(struct writer *w, const char *value)
{
    assert(w->where->n_params < SEARCH_PARAMS_MAX);
    w->where->params[w->where->n_params++] = value;
    return w->first + (unsigned)w->where->n_params - 1;
}

/* As LIKE has it: a backslash in front of what is no wildcard of ours. */
static const char *like_pattern(const char *pattern, const char *before, const char *after,
                                struct arena *a)
{
    size_t n = strlen(pattern) + strlen(before) + strlen(after);
    char *text = arena_alloc(a, 2 * n + 1), *p = text;

    p += strlen(strcpy(p, before));
    for (; *pattern; pattern++) {
        bool escaped = *pattern == '\\';

        pattern += escaped;
        if (!escaped && *pattern == '*') {
            *p++ = '%';
            continue;
        }
        if (strchr("%_\\", *pattern))
            *p++ = '\\';
        *p++ = *pattern;
    }
    strcpy(p, after);
    return text;
}

/* --- One value --- */

static void write_phrase(struct writer *w, const char *column, const struct search_value *v)
{
    buf_printf(w->text, "%s ILIKE $%u", column, bind(w, like_pattern(v->text, "%", "%", w->arena)));
}

static void write_name(struct writer *w, const char *column, const struct search_value *v)
{
    buf_printf(w->text, "%s ILIKE $%u", column, bind(w, like_pattern(v->text, "", "", w->arena)));
}

/* "parse.c" is the last part of a path; "/src/parse.c" is the whole. */
static void write_path(struct writer *w, const char *column, const struct search_value *v)
{
    unsigned n = bind(w, like_pattern(v->text, "", "", w->arena));

    buf_printf(w->text, "%s ILIKE $%u", column, n);
    if (v->text[0] != '/')
        buf_printf(w->text, " OR %s ILIKE '%%/' || $%u::text", column, n);
}

/* "sell" is the last part of shop::sell and of shop.sell. */
static void write_function(struct writer *w, const char *column, const struct search_value *v)
{
    unsigned n = bind(w, like_pattern(v->text, "", "", w->arena));

    buf_printf(w->text,
               "%s ILIKE $%u OR %s ILIKE '%%::' || $%u::text OR %s ILIKE '%%.' || $%u::text",
               column, n, column, n, column, n);
}

static const char *padded(const char *digits, char with, struct arena *a)
{
    char *text = arena_alloc(a, SEARCH_DIGITS_MAX + 3);

    memcpy(text, "\\x", 2);
    memset(text + 2, with, SEARCH_DIGITS_MAX);
    memcpy(text + 2, digits, strlen(digits));
    return text;
}

static void write_digits(struct writer *w, enum search_field_id field, const char *column,
                         const struct search_value *v)
{
    unsigned from;

    if (field != SEARCH_FP) {
        buf_printf(w->text, "%s LIKE $%u", column,
                   bind(w, like_pattern(v->text, "", "%", w->arena)));
        return;
    }
    from = bind(w, padded(v->text, '0', w->arena));
    buf_printf(w->text, "%s BETWEEN $%u::bytea AND $%u::bytea", column, from,
               bind(w, padded(v->text, 'f', w->arena)));
}

static void write_number(struct writer *w, const char *column, const struct search_term *t,
                         const struct search_value *v)
{
    static const char *const signs[] = {
        [SEARCH_EQUAL] = "=", [SEARCH_MORE] = ">",     [SEARCH_AT_LEAST] = ">=",
        [SEARCH_LESS] = "<",  [SEARCH_AT_MOST] = "<=",
    };

    buf_printf(w->text, "%s %s $%u::bigint", column, signs[t->comparison],
               bind(w, arena_printf(w->arena, "%" PRId64, v->number)));
}

static unsigned bind_time(struct writer *w, int64_t usec)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(usec, text);
    return bind(w, arena_strdup(w->arena, text));
}

/* The less an age, the later the time. A day is over before what is more than it. */
static void write_time(struct writer *w, const char *column, const struct search_term *t,
                       const struct search_value *v)
{
    static const char *const later[] = {[SEARCH_MORE] = ">=",
                                        [SEARCH_AT_LEAST] = ">=",
                                        [SEARCH_LESS] = "<",
                                        [SEARCH_AT_MOST] = "<"};
    static const char *const younger[] = {[SEARCH_MORE] = "<",
                                          [SEARCH_AT_LEAST] = "<=",
                                          [SEARCH_LESS] = ">",
                                          [SEARCH_AT_MOST] = ">="};
    static const char *const exact[] = {[SEARCH_MORE] = ">",
                                        [SEARCH_AT_LEAST] = ">=",
                                        [SEARCH_LESS] = "<",
                                        [SEARCH_AT_MOST] = "<="};
    struct search_moment m = {0};
    unsigned n;
    bool end;

    search_moment_parse(str_from(v->text), w->now, &m);
    if (t->comparison == SEARCH_EQUAL) {
        n = bind_time(w, m.begin);
        buf_printf(w->text, "%s >= $%u::timestamptz AND %s < $%u::timestamptz", column, n, column,
                   bind_time(w, m.end));
        return;
    }
    end = t->comparison == SEARCH_MORE || t->comparison == SEARCH_AT_MOST;
    buf_printf(w->text, "%s %s $%u::timestamptz", column,
               (m.kind == MOMENT_AGE   ? younger
                : m.kind == MOMENT_DAY ? later
                                       : exact)[t->comparison],
               bind_time(w, end ? m.end : m.begin));
}

/* "nginx=1.22.*" asks for the version as well. */
static void write_package(struct writer *w, const struct search_value *v)
{
    const char *equals = strchr(v->text, '=');
    const char *column = equals ? "v.package || '=' || v.package_version" : "v.package";

    write_name(w, column, v);
}

/* Open is whatever is not done with, so that a new state is open. */
static void write_state(struct writer *w, const struct search_value *v)
{
    if (strcmp(v->text, "open") == 0)
        buf_adds(w->text, "g.status NOT IN ('resolved', 'muted')");
    else
        buf_printf(w->text, "g.status = $%u", bind(w, v->text));
}

static void write_owner(struct writer *w, const struct search_value *v)
{
    if (strcasecmp(v->text, "none") == 0) {
        buf_adds(w->text, "g.assignee IS NULL");
        return;
    }
    buf_adds(w->text, "g.assignee IN (SELECT y.id FROM users y WHERE ");
    write_name(w, "y.name", v);
    buf_addc(w->text, ')');
}

static void write_word(struct writer *w, enum search_field_id field, const struct search_value *v)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].field == field && strcmp(words[i].word, v->text) == 0)
            buf_adds(w->text, w->subject == SEARCH_GROUPS ? words[i].groups : words[i].events);
}

static void write_id(struct writer *w, const struct search_value *v)
{
    static const char *const rules[2][2] = {
        {"g.id IN (SELECT coalesce(o.merged_into, o.id) FROM crash_events e "
         "JOIN crash_groups o ON o.id = e.group_id WHERE e.crash_id = $%u::uuid)",
         "e.crash_id = $%u::uuid"},
        {"g.id = (SELECT coalesce(o.merged_into, o.id) FROM crash_groups o WHERE o.id = $%u::int)",
         "e.group_id IN (SELECT o.id FROM crash_groups o JOIN crash_groups x ON "
         "coalesce(x.merged_into, x.id) = coalesce(o.merged_into, o.id) WHERE x.id = $%u::int)"},
    };
    bool is_group = v->number != 0;
    const char *rule = rules[is_group][w->subject];
    const char *mark = strstr(rule, "%u");
    unsigned n = bind(w, is_group ? arena_printf(w->arena, "%" PRId64, v->number) : v->text);

    buf_add(w->text, rule, (size_t)(mark - rule));
    buf_printf(w->text, "%u%s", n, mark + 2);
}

static void write_own(struct writer *w, enum search_field_id field, const struct search_value *v)
{
    if (field == SEARCH_SIGNAL)
        buf_printf(w->text, "$%u::smallint",
                   bind(w, arena_printf(w->arena, "%" PRId64, v->number)));
    else if (field == SEARCH_PKG)
        write_package(w, v);
    else if (field == SEARCH_IS)
        write_state(w, v);
    else if (field == SEARCH_OWNER)
        write_owner(w, v);
    else if (field == SEARCH_ID)
        write_id(w, v);
    else
        write_word(w, field, v);
}

static void write_value(struct writer *w, const struct search_term *t, const struct search_value *v)
{
    const char *column = sources[t->field].column;

    if (!column) {
        write_own(w, t->field, v);
        return;
    }
    switch (search_fields[t->field].kind) {
    case VALUE_PHRASE:
        write_phrase(w, column, v);
        break;
    case VALUE_PATH:
        write_path(w, column, v);
        break;
    case VALUE_FUNCTION:
        write_function(w, column, v);
        break;
    case VALUE_DIGITS:
        write_digits(w, t->field, column, v);
        break;
    case VALUE_NUMBER:
        write_number(w, column, t, v);
        break;
    case VALUE_TIME:
        write_time(w, column, t, v);
        break;
    case VALUE_NAME:
    case VALUE_ID:
    case VALUE_WORD:
    case VALUE_SIGNAL:
        write_name(w, column, v);
        break;
    }
}

/* --- Terms --- */

static void write_values(struct writer *w, const struct search_term *t)
{
    for (size_t i = 0; i < t->n_values; i++) {
        if (i)
            buf_adds(w->text, t->field == SEARCH_SIGNAL ? ", " : " OR ");
        write_value(w, t, &t->values[i]);
    }
}

/* In as many places as the frame has marks. */
static void write_frame(struct writer *w, const struct search_term *t)
{
    const char *frame =
        w->subject == SEARCH_GROUPS ? sources[t->field].groups : sources[t->field].events;

    for (const char *mark; (mark = strchr(frame, '@')); frame = mark + 1) {
        buf_add(w->text, frame, (size_t)(mark - frame));
        write_values(w, t);
    }
    buf_adds(w->text, frame);
}

/* IS TRUE is more than a word: PostgreSQL then asks each term by itself, once, and holds its answer
 * against the rows. Joined with the others, of which it cannot know how many rows they find, it has
 * been seen to take a hundred times as long. And an event without a stack shows no function: NULL
 * is no. */
static void write_term(struct writer *w, const struct search_term *t)
{
    buf_addc(w->text, '(');
    write_frame(w, t);
    buf_adds(w->text, t->negated ? ") IS NOT TRUE" : ") IS TRUE");
}

void search_where(const struct search_query *q, enum search_subject subject, unsigned first,
                  int64_t now, struct arena *a, struct search_where *ret)
{
    _cleanup_buf_ struct buf text = BUF_INIT(SEARCH_WHERE_MAX);
    struct search_where where = {.n_params = 0};
    struct writer w = {&text, subject, first, now, a, &where};

    if (subject == SEARCH_GROUPS)
        buf_adds(&text, "g.merged_into IS NULL");
    for (size_t i = 0; i < q->n_terms; i++) {
        if (text.len)
            buf_adds(&text, " AND ");
        write_term(&w, &q->terms[i]);
    }
    assert(buf_error(&text) == 0);
    where.text = text.len ? arena_strdup(a, buf_text(&text)) : "TRUE";
    *ret = where;
}

/* A group shows one signal and its best title; what its other crashes had, it does not tell. And of
 * problems, the events themselves are asked. */
static bool tells_events(enum search_field_id field)
{
    return field != SEARCH_SIGNAL && field != SEARCH_SYMBOLS && field != SEARCH_HAS &&
           field != SEARCH_PROBLEM;
}

void search_of_groups(const struct search_query *q, struct search_query *ret)
{
    ret->n_terms = 0;
    for (size_t i = 0; i < q->n_terms; i++)
        if (!q->terms[i].negated && tells_events(q->terms[i].field))
            ret->terms[ret->n_terms++] = q->terms[i];
}
