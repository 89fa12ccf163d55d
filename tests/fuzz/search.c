/* SPDX-License-Identifier: Apache-2.0 */
/* A query, or what was pasted: a mistake lies inside of the text; what is read can be written, read
 * again as the same, and made a condition of which the values are no part. */
#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/pasted.h"
#include "common/search/where.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void assert_same(const struct search_query *x, const struct search_query *y)
{
    assert(x->n_terms == y->n_terms);
    for (size_t i = 0; i < x->n_terms; i++) {
        const struct search_term *s = &x->terms[i], *t = &y->terms[i];

        assert(s->field == t->field && s->negated == t->negated && s->n_values == t->n_values &&
               s->comparison == t->comparison);
        for (size_t v = 0; v < s->n_values; v++)
            assert(strcmp(s->values[v].text, t->values[v].text) == 0);
    }
}

/* What is written may be longer than a query may be: each term is tried by itself. */
static void write_and_read(const struct search_query *q, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(8 * SEARCH_QUERY_MAX);

    for (size_t i = 0; i < q->n_terms; i++) {
        struct search_query one = {.terms = {q->terms[i]}, .n_terms = 1}, again;
        struct search_mistake m;

        buf_clear(&b);
        search_format(&one, &b);
        assert(buf_error(&b) == 0);
        if (b.len > SEARCH_QUERY_MAX)
            continue;
        assert(search_parse(str_from(buf_text(&b)), a, &again, &m) == 0);
        assert_same(&one, &again);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);
    struct str text = {(const char *)data, size};
    struct search_mistake m;
    struct search_where w;
    struct search_query q;
    struct pasted p;

    if (search_parse(text, &a, &q, &m) == 0) {
        write_and_read(&q, &a);
        search_where(&q, SEARCH_GROUPS, 1, 0, &a, &w);
        search_where(&q, SEARCH_EVENTS, 1, 0, &a, &w);
    } else {
        assert(m.at <= size && m.length <= size - m.at && m.message[0]);
        if (size <= SEARCH_QUERY_MAX)
            search_point(text, &m, &b);
    }
    p = search_pasted(text, &a);
    if (p.kind != PASTED_QUERY)
        assert(search_parse(str_from(p.query), &a, &q, &m) == 0);
    return 0;
}
