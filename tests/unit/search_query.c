/* SPDX-License-Identifier: Apache-2.0 */
/* The query language: what is a term and what is a mistake, and that what is written is read back.
 */
#include "common/search/query.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define RANDOM_QUERIES 20000

/* --- Reading --- */

static const char *formatted(struct arena *a, const char *text)
{
    struct search_mistake m = {0};
    struct search_query q;
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);

    if (search_parse(str_from(text), a, &q, &m) != 0)
        return arena_printf(a, "%zu+%zu %s%s%s", m.at, m.length, m.message, m.nearest ? " -> " : "",
                            m.nearest ? m.nearest : "");
    search_format(&q, &b);
    return arena_strdup(a, buf_text(&b));
}

static const struct {
    const char *text, *formatted;
} good[] = {
    {"", ""},
    {"  \t\n ", ""},
    {"is:open", "is:open"},
    {"IS:Open", "is:open"},
    {"  crash   me ", "crash me"},
    {"signal:SIGSEGV", "signal:SIGSEGV"},
    {"signal:[11, SIGBUS]", "signal:[11,SIGBUS]"},
    {"!host:web-* !noise", "!host:web-* !noise"},
    {"std::vector app::run", "\"std::vector\" \"app::run\""},
    {"func:std::vector::at", "func:\"std::vector::at\""},
    {"main.c:42", "\"main.c:42\""},
    {"\"is:open\"", "\"is:open\""},
    {"func:\"operator new\"", "func:\"operator new\""},
    {"func:operator[]", "func:\"operator[]\""},
    {"func:\"say \\\"hi\\\" \\\\ \\*\"", "func:\"say \\\"hi\\\" \\\\ \\*\""},
    {"version:1.*", "version:1.*"},
    {"version:1.\\*", "version:\"1.\\*\""},
    {"func:<lambda>", "func:\"<lambda>\""},
    {"count:>100 hosts:>=5 count:<=7 count:3", "count:>100 hosts:>=5 count:<=7 count:3"},
    {"count:[1,2]", "count:[1,2]"},
    {"first:<7d last:24h last:>2w", "first:<7d last:<24h last:>2w"},
    {"last:2026-11-21 last:>2026-11-20T08:00:00Z",
     "last:2026-11-21 last:>\"2026-11-20T08:00:00Z\""},
    {"fp:90B1C2D3E4F5", "fp:90b1c2d3e4f5"},
    {"id:G-142", "id:g-142"},
    {"has:core symbols:[missing,partial]", "has:core symbols:[missing,partial]"},
    {"unit:\"a,b]c\"", "unit:\"a,b]c\""},
    {"unit:[\"a,b\",\"c]\"]", "unit:[\"a,b\",\"c]\"]"},
    {"[x", "\"[x\""},
};

START_TEST(reads_terms)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(formatted(&a, good[_i].text), good[_i].formatted);
}
END_TEST

static const struct {
    const char *text, *mistake;
} bad[] = {
    {"is:open fnc:main", "8+3 there is no field fnc; a word with a colon stands in quotes -> func"},
    {"hots:a", "0+4 there is no field hots; a word with a colon stands in quotes -> hosts"},
    {"zzzzzz:a", "0+6 there is no field zzzzzz; a word with a colon stands in quotes"},
    {"is:opne", "3+4 is: takes open, new, ongoing, regressed, escalating, resolved, muted -> open"},
    {"func:", "5+0 a value is missing here"},
    {"!", "1+0 a value is missing here"},
    {"unit:\"\"", "5+2 a value is missing here"},
    {"unit:[a,]", "8+0 a value is missing here"},
    {"unit:[a,b", "5+4 this list is not closed: a ] is missing"},
    {"unit:\"a", "5+2 this quote is not closed"},
    {"unit:a\"b", "6+1 a quote stands around a whole value; write \\\" for the character"},
    {"unit:\"a\"b", "8+1 a blank is missing behind the quote"},
    {"unit:[a]b", "8+1 a blank is missing behind the list"},
    {"func:C:\\n", "7+2 a backslash stands before one of \" \\ * , [ ] only; write two for one"},
    {"count:many", "6+4 count takes a number, as in count:>100"},
    {"count:>", "7+0 a value is missing here"},
    {"count:-1", "6+2 count takes a number, as in count:>100"},
    {"count:>99999999999999", "7+14 count takes a number, as in count:>100"},
    {"signal:SIGFOO", "7+6 SIGFOO is no signal: write SIGSEGV or 11"},
    {"last:soon", "5+4 last takes an age such as 24h or 7d, a day, or a time as in RFC 3339"},
    {"last:2026-11-20T08:00:00Z", "5+20 a moment needs < or > in front"},
    {"fp:12", "3+2 fp takes 4 to 64 hexadecimal digits"},
    {"fp:12345g", "3+6 fp takes 4 to 64 hexadecimal digits"},
    {"id:142", "3+3 an id is that of an event, or of a group as in G-142"},
    {"id:G-99999999999", "3+13 an id is that of an event, or of a group as in G-142"},
    {"a*b*c*d*e*f*g*h", "0+15 no more than 6 stars stand in one value"},
    {"host:\xff", "5+1 this byte is not of UTF-8"},
};

START_TEST(tells_mistakes)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(formatted(&a, bad[_i].text), bad[_i].mistake);
}
END_TEST

START_TEST(has_limits)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(2 * SEARCH_QUERY_MAX);
    struct search_mistake m;
    struct search_query q;

    for (size_t i = 0; i <= SEARCH_TERMS_MAX; i++)
        buf_adds(&b, "a ");
    ck_assert_int_eq(search_parse(str_from(buf_text(&b)), &a, &q, &m), SEARCH_MISTAKE);
    ck_assert_uint_eq(m.at, 2 * SEARCH_TERMS_MAX);
    buf_clear(&b);
    buf_adds(&b, "host:[a");
    for (size_t i = 0; i < SEARCH_VALUES_MAX; i++)
        buf_adds(&b, ",a");
    buf_adds(&b, "]");
    ck_assert_int_eq(search_parse(str_from(buf_text(&b)), &a, &q, &m), SEARCH_MISTAKE);
    buf_clear(&b);
    for (size_t i = 0; i <= SEARCH_QUERY_MAX; i++)
        buf_addc(&b, 'a');
    ck_assert_int_eq(search_parse(str_from(buf_text(&b)), &a, &q, &m), SEARCH_MISTAKE);
    ck_assert_uint_eq(m.at, SEARCH_QUERY_MAX);
    ck_assert_int_eq(search_parse((struct str){"a\0b", 3}, &a, &q, &m), SEARCH_MISTAKE);
    ck_assert_uint_eq(m.at, 1);
}
END_TEST

START_TEST(points_at_the_mistake)
{
    static const char text[] = "h\303\266st\n\"\303\244\" fnc:x";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    struct search_mistake m;
    struct search_query q;

    ck_assert_int_eq(search_parse(str_from(text), &a, &q, &m), SEARCH_MISTAKE);
    search_point(str_from(text), &m, &b);
    ck_assert_str_eq(buf_text(&b), "h\303\266st \"\303\244\" fnc:x\n         ^^^");
}
END_TEST

/* --- Writing and reading back --- */

static unsigned seed = 1;

static unsigned below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

/* Whatever a crash may call things. */
static const char *random_text(struct arena *a)
{
    static const char *const parts[] = {
        "a", "Z9", "_",  ".",   "*",        "\\",   "\"", " ",  ",",   "[",
        "]", "!",  ":",  ">",   "<",        "=",    "\n", "\t", "%",   "$1",
        "'", ";",  "::", "is:", "\303\244", "\x01", "(",  ")",  "\\*", "--"};
    _cleanup_buf_ struct buf b = BUF_INIT(256);

    for (unsigned n = 1 + below(8); n > 0; n--)
        buf_adds(&b, parts[below(ARRAY_SIZE(parts))]);
    return arena_strdup(a, buf_text(&b));
}

static struct search_value random_value(struct arena *a, enum search_field_id field)
{
    static const char *const times[] = {"24h", "7d", "2026-11-21"};
    static const char *const digits[] = {"90b1c2d3", "0123456789abcdef"};
    static const char *const ids[] = {"g-7", "019ab0c0-0000-7000-8000-000000000000"};
    const struct search_field *f = &search_fields[field];
    unsigned words = 0;

    while (f->words && f->words[words])
        words++;
    switch (f->kind) {
    case VALUE_WORD:
        return (struct search_value){.text = f->words[below(words)]};
    case VALUE_SIGNAL:
        return (struct search_value){.text = "11", .number = 11};
    case VALUE_NUMBER:
        return (struct search_value){.text = "17", .number = 17};
    case VALUE_TIME:
        return (struct search_value){.text = times[below(ARRAY_SIZE(times))]};
    case VALUE_DIGITS:
        return (struct search_value){.text = digits[below(ARRAY_SIZE(digits))]};
    case VALUE_ID:
        return (struct search_value){.text = ids[below(ARRAY_SIZE(ids))]};
    default:
        return (struct search_value){.text = search_literal(random_text(a), a)};
    }
}

static struct search_term random_term(struct arena *a)
{
    struct search_value *v = arena_array(a, struct search_value, 3);
    struct search_term t = {.field = below(SEARCH_FIELDS), .negated = below(2), .values = v};
    enum search_kind kind = search_fields[t.field].kind;

    t.n_values = t.field == SEARCH_TEXT || kind == VALUE_TIME ? 1 : 1 + below(3);
    for (size_t i = 0; i < t.n_values; i++)
        v[i] = random_value(a, t.field);
    if (kind == VALUE_TIME || (kind == VALUE_NUMBER && t.n_values == 1))
        t.comparison = 1 + below(4);
    return t;
}

static void assert_same(const struct search_query *x, const struct search_query *y,
                        const char *text)
{
    ck_assert_msg(x->n_terms == y->n_terms, "%s", text);
    for (size_t i = 0; i < x->n_terms; i++) {
        const struct search_term *s = &x->terms[i], *t = &y->terms[i];

        ck_assert_msg(s->field == t->field && s->negated == t->negated &&
                          s->comparison == t->comparison && s->n_values == t->n_values,
                      "term %zu of %s", i, text);
        for (size_t v = 0; v < s->n_values; v++)
            ck_assert_msg(strcmp(s->values[v].text, t->values[v].text) == 0, "value %zu of %s", v,
                          text);
    }
}

START_TEST(reads_what_it_writes)
{
    for (unsigned i = 0; i < RANDOM_QUERIES; i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);
        struct search_query q = {.n_terms = below(6)}, again;
        struct search_mistake m = {0};

        for (size_t t = 0; t < q.n_terms; t++)
            q.terms[t] = random_term(&a);
        search_format(&q, &b);
        ck_assert_msg(search_parse(str_from(buf_text(&b)), &a, &again, &m) == 0, "%s: %s at %zu",
                      buf_text(&b), m.message, m.at);
        assert_same(&q, &again, buf_text(&b));
        for (size_t t = 0; t < again.n_terms; t++)
            ck_assert_uint_le(again.terms[t].at + again.terms[t].length, b.len);
    }
}
END_TEST

START_TEST(links_find_exactly_their_value)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(search_link(SEARCH_HOST, "web1", &a), "host:web1");
    ck_assert_str_eq(search_link(SEARCH_HOST, "a*b\\ \"c\"", &a), "host:\"a\\*b\\\\ \\\"c\\\"\"");
    ck_assert_str_eq(search_link(SEARCH_TEXT, "!is:open", &a), "\"!is:open\"");
}
END_TEST

/* --- Fields --- */

START_TEST(every_example_is_a_term_of_its_field)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const struct search_field *f = &search_fields[_i];
    struct search_mistake m = {0};
    struct search_query q;

    ck_assert_msg(search_parse(str_from(f->example), &a, &q, &m) == 0, "%s: %s", f->example,
                  m.message);
    ck_assert_uint_eq(q.n_terms, 1);
    ck_assert_int_eq(q.terms[0].field, _i);
    ck_assert_ptr_nonnull(f->meaning);
    if (_i)
        ck_assert_int_eq(search_field_find(str_from(f->name)), _i);
}
END_TEST

UNIT_TABLES_MAIN("search/query", {reads_terms, ARRAY_SIZE(good)}, {tells_mistakes, ARRAY_SIZE(bad)},
                 {has_limits, 1}, {points_at_the_mistake, 1}, {reads_what_it_writes, 1},
                 {links_find_exactly_their_value, 1},
                 {every_example_is_a_term_of_its_field, SEARCH_FIELDS})
