/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/request.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/report/jsontext.h"

#include "workerd/params.h"

#define PREVIEW_MAX (1024u * 1024)
#define VALUES_MAX  100 /* more groups of one are no help to anybody */

/* --- Splitting --- */

struct value {
    const char *text;
    int64_t events, stacks;
};

struct values {
    struct value rows[VALUES_MAX];
    size_t n;
};

static int add_value(struct request *r, struct values *v, const char *text, int64_t events)
{
    size_t i = 0;

    while (i < v->n && strcmp(v->rows[i].text, text) != 0)
        i++;
    if (i == VALUES_MAX)
        return request_refuse(r, "that would make more than %d groups", VALUES_MAX);
    if (i == v->n)
        v->rows[v->n++] = (struct value){.text = arena_strdup(r->arena, text)};
    v->rows[i].events += events;
    v->rows[i].stacks++;
    return 0;
}

static int add_stack(struct request *r, const struct selector *selector, const PGresult *res, int i,
                     struct values *v)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;
    struct grouping g;

    if (stackrow_parse(str_from(db_text(res, i, 0)), str_from(db_text(res, i, 1)), &a, &s) < 0)
        return 0;
    fingerprint_make(r->way.rules, &s, &a, &g);
    return add_value(r, v, selector_value(selector, &s, g.verdicts, &a), db_int(res, i, 2));
}

static int by_events(const void *x, const void *y)
{
    const struct value *a = x, *b = y;

    if (a->events != b->events)
        return a->events < b->events ? 1 : -1;
    return strcmp(a->text, b->text);
}

static int find_values(struct request *r, int64_t group, const struct selector *selector,
                       struct values *ret)
{
    static const struct db_query q = {
        "preview-stacks", "SELECT s.frames::text, s.facts::text, g.events FROM group_stacks g "
                          "JOIN stacks s ON s.id = g.stack_id WHERE g.group_id = $1 ORDER BY s.id"};
    struct number id = number(group);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    ret->n = 0;
    for (int i = 0; e == 0 && i < PQntuples(res); i++)
        e = add_stack(r, selector, res, i, ret);
    qsort(ret->rows, ret->n, sizeof(ret->rows[0]), by_events);
    return e;
}

int preview_tells_apart(struct request *r, int64_t group, const struct selector *selector)
{
    struct values *v = arena_new(r->arena, struct values);
    int e = find_values(r, group, selector, v);

    if (e)
        return e;
    return v->n > 1 ? 0 : request_refuse(r, "all its crashes are alike in that");
}

static int preview_split(struct request *r, struct buf *b)
{
    struct values *v = arena_new(r->arena, struct values);
    struct selector selector;
    int e;

    if (!r->selector || selector_parse(str_from(r->selector), &selector) < 0)
        return request_refuse(r, "nothing says by what it is to be split");
    e = find_values(r, r->group, &selector, v);
    jsontext_array(b, "values");
    for (size_t i = 0; i < v->n; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, "value", v->rows[i].text);
        jsontext_int(b, "events", v->rows[i].events);
        jsontext_int(b, "stacks", v->rows[i].stacks);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    return e;
}

/* --- Merging --- */

static int preview_merge(struct request *r, struct buf *b)
{
    static const struct db_query q = {
        "preview-merge",
        "SELECT g.id, g.event_count, (SELECT count(*) FROM group_stacks s WHERE s.group_id = "
        "g.id), "
        "       g.host_count, (SELECT count(DISTINCT h.host_id) FROM group_hosts h "
        "                      WHERE h.group_id IN ($1, $2)) "
        "FROM crash_groups g WHERE g.id IN ($1, $2) AND g.merged_into IS NULL ORDER BY g.id"};
    struct number one = number(r->group), two = number(r->into);
    const char *const params[] = {one.text, two.text};
    _cleanup_result_ PGresult *res = NULL;
    int e = RUN(r->w->db, q, params, &res);

    if (e)
        return e;
    if (PQntuples(res) != 2)
        return request_refuse(r, "there are no two such groups");
    jsontext_array(b, "groups");
    for (int i = 0; i < 2; i++) {
        jsontext_object(b, NULL);
        jsontext_int(b, "id", db_int(res, i, 0));
        jsontext_int(b, "events", db_int(res, i, 1));
        jsontext_int(b, "stacks", db_int(res, i, 2));
        jsontext_int(b, "hosts", db_int(res, i, 3));
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_int(b, "hosts", db_int(res, 0, 4));
    return 0;
}

int step_preview(struct request *r, const char **ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(PREVIEW_MAX);
    int e;

    jsontext_object(&b, NULL);
    if (strcmp(r->kind, "merge") == 0)
        e = preview_merge(r, &b);
    else if (strcmp(r->kind, "split") == 0)
        e = preview_split(r, &b);
    else
        e = request_refuse(r, "only a merge or a split can be looked at before");
    jsontext_end_object(&b);
    if (e == 0)
        *ret = arena_strdup(r->arena, buf_text(&b));
    return e;
}
