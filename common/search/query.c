/* SPDX-License-Identifier: Apache-2.0 */
/* One pass from left to right. A term is [!][key:]value; what stands in front of a colon is a key
 * when it is made of letters and no second colon follows, so that std::vector is a word. */
#include "common/search/query.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/report/signals.h"
#include "common/search/moment.h"

#define COUNT_MAX  1000000000000u
#define GROUP_MAX  INT32_MAX
#define SHOWN_MAX  40 /* bytes of the query that a message quotes */
#define SIGNAL_MAX 64
#define ESCAPED    "\"\\*,[]!:<>= "
#define BLANKS     " \t\r\n"

struct reader {
    struct str text;
    size_t at;
    struct arena *arena;
    size_t n_values;
    struct search_mistake *mistake;
};

/* --- Mistakes --- */

__attribute__((format(printf, 4, 5))) static int wrong(struct reader *r, size_t from, size_t to,
                                                       const char *format, ...)
{
    va_list ap;

    *r->mistake = (struct search_mistake){.at = from, .length = to - from};
    va_start(ap, format);
    vsnprintf(r->mistake->message, sizeof(r->mistake->message), format, ap);
    va_end(ap);
    utf8_repair(r->mistake->message, strlen(r->mistake->message));
    return SEARCH_MISTAKE;
}

static int shown(size_t n)
{
    return n < SHOWN_MAX ? (int)n : SHOWN_MAX;
}

/* --- Characters --- */

/* NUL at the end, which no query holds. */
static char peek(const struct reader *r)
{
    return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool is_blank(char c)
{
    return c && strchr(BLANKS, c);
}

static void skip_blanks(struct reader *r)
{
    while (is_blank(peek(r)))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    bool there = peek(r) == c && r->at < r->text.n;

    r->at += there;
    return there;
}

/* --- One value --- */

/* Where it is read to: a pattern is never longer than what it is written as, but for a star or a
 * backslash in it. */
struct spelling {
    char *text;
    size_t n;
    size_t wildcards;
    size_t begin, end; /* in the query */
};

static void spell(struct spelling *s, char c, bool literal)
{
    if (literal && (c == '*' || c == '\\'))
        s->text[s->n++] = '\\';
    s->text[s->n++] = c;
    s->wildcards += !literal && c == '*';
}

static int spell_escaped(struct reader *r, struct spelling *s)
{
    char c;

    r->at++;
    c = peek(r);
    if (!c || !strchr(ESCAPED, c))
        return wrong(r, r->at - 1, r->at + (c != '\0'),
                     "a backslash stands before one of \" \\ * , [ ] only; write two for one");
    spell(s, c, true);
    r->at++;
    return 0;
}

static int spell_quoted(struct reader *r, struct spelling *s)
{
    size_t begin = r->at++;
    int e = 0;

    while (e == 0 && r->at < r->text.n && peek(r) != '"') {
        if (peek(r) == '\\') {
            e = spell_escaped(r, s);
            continue;
        }
        spell(s, peek(r), false);
        r->at++;
    }
    if (e == 0 && !take(r, '"'))
        return wrong(r, begin, r->text.n, "this quote is not closed");
    return e;
}

static int spell_plain(struct reader *r, bool in_list, struct spelling *s)
{
    int e = 0;

    for (char c; e == 0 && (c = peek(r)) && !is_blank(c) && !(in_list && (c == ',' || c == ']'));) {
        if (c == '"')
            return wrong(r, r->at, r->at + 1,
                         "a quote stands around a whole value; write \\\" for the character");
        if (c == '\\') {
            e = spell_escaped(r, s);
            continue;
        }
        spell(s, c, false);
        r->at++;
    }
    return e;
}

static int read_spelling(struct reader *r, bool in_list, struct spelling *ret)
{
    struct spelling s = {.text = arena_alloc(r->arena, 2 * (r->text.n - r->at) + 1),
                         .begin = r->at};
    int e = peek(r) == '"' ? spell_quoted(r, &s) : spell_plain(r, in_list, &s);
    char next = peek(r);

    if (e)
        return e;
    s.end = r->at;
    if (next && !is_blank(next) && !(in_list && (next == ',' || next == ']')))
        return wrong(r, r->at, r->at + 1, "a blank is missing behind the quote");
    if (s.n == 0)
        return wrong(r, s.begin, s.end, "a value is missing here");
    if (s.wildcards > SEARCH_WILDCARDS_MAX)
        return wrong(r, s.begin, s.end, "no more than %d stars stand in one value",
                     SEARCH_WILDCARDS_MAX);
    *ret = s;
    return 0;
}

/* --- What a field takes --- */

static void lower(struct spelling *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->text[i] = (char)tolower((unsigned char)s->text[i]);
}

static int check_digits(struct reader *r, const struct search_field *f, struct spelling *s)
{
    lower(s);
    if (s->n < SEARCH_DIGITS_MIN || s->n > SEARCH_DIGITS_MAX ||
        strspn(s->text, "0123456789abcdef") != s->n)
        return wrong(r, s->begin, s->end, "%s takes %d to %d hexadecimal digits", f->name,
                     SEARCH_DIGITS_MIN, SEARCH_DIGITS_MAX);
    return 0;
}

static int check_id(struct reader *r, struct spelling *s, int64_t *ret)
{
    uint64_t n;

    lower(s);
    if (s->n > 2 && memcmp(s->text, "g-", 2) == 0 && s->text[2] != '0' &&
        str_to_u64((struct str){s->text + 2, s->n - 2}, GROUP_MAX, &n) == 0) {
        *ret = (int64_t)n;
        return 0;
    }
    return uuid_valid((struct str){s->text, s->n})
               ? 0
               : wrong(r, s->begin, s->end, "an id is that of an event, or of a group as in G-142");
}

static int check_word(struct reader *r, const struct search_field *f, struct spelling *s)
{
    struct str word = {s->text, s->n};
    char all[96] = "";

    lower(s);
    for (const char *const *w = f->words; *w; w++) {
        size_t n = strlen(all);

        if (str_eq(str_from(*w), word))
            return 0;
        snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "", *w);
    }
    wrong(r, s->begin, s->end, "%s: takes %s", f->name, all);
    r->mistake->nearest = search_nearest_word(f, word);
    return SEARCH_MISTAKE;
}

static int check_signal(struct reader *r, struct spelling *s, int64_t *ret)
{
    if (signal_parse(s->text, ret) == 0 && *ret >= 0 && *ret <= SIGNAL_MAX)
        return 0;
    return wrong(r, s->begin, s->end, "%.*s is no signal: write SIGSEGV or 11", shown(s->n),
                 s->text);
}

static int check_number(struct reader *r, const struct search_field *f, struct spelling *s,
                        int64_t *ret)
{
    uint64_t n;

    if (str_to_u64((struct str){s->text, s->n}, COUNT_MAX, &n) < 0)
        return wrong(r, s->begin, s->end, "%s takes a number, as in %s", f->name, f->example);
    *ret = (int64_t)n;
    return 0;
}

/* What is asked of an age or a moment is on which side of it; a day has an inside as well. */
static int check_time(struct reader *r, const struct search_field *f, struct spelling *s,
                      struct search_term *t)
{
    struct search_moment m;

    if (search_moment_parse((struct str){s->text, s->n}, 0, &m) < 0)
        return wrong(r, s->begin, s->end,
                     "%s takes an age such as 24h or 7d, a day, or a time as in RFC 3339", f->name);
    if (t->comparison == SEARCH_EQUAL && m.kind == MOMENT_AGE)
        t->comparison = SEARCH_LESS;
    if (t->comparison == SEARCH_EQUAL && m.kind == MOMENT_POINT)
        return wrong(r, s->begin, s->end, "a moment needs < or > in front");
    return 0;
}

static int check(struct reader *r, struct search_term *t, struct spelling *s, int64_t *ret_number)
{
    const struct search_field *f = &search_fields[t->field];

    switch (f->kind) {
    case VALUE_DIGITS:
        return check_digits(r, f, s);
    case VALUE_ID:
        return check_id(r, s, ret_number);
    case VALUE_WORD:
        return check_word(r, f, s);
    case VALUE_SIGNAL:
        return check_signal(r, s, ret_number);
    case VALUE_NUMBER:
        return check_number(r, f, s, ret_number);
    case VALUE_TIME:
        return check_time(r, f, s, t);
    case VALUE_PHRASE:
    case VALUE_NAME:
    case VALUE_PATH:
    case VALUE_FUNCTION:
        break;
    }
    return 0;
}

/* --- The values of a term --- */

static int read_value(struct reader *r, struct search_term *t, bool in_list,
                      struct search_value *ret)
{
    struct spelling s = {0};
    int64_t number = 0;
    int e = read_spelling(r, in_list, &s);

    if (e == 0 && r->n_values == SEARCH_VALUES_MAX)
        e = wrong(r, s.begin, s.end, "a query has no more than %d values", SEARCH_VALUES_MAX);
    if (e == 0)
        e = check(r, t, &s, &number);
    if (e)
        return e;
    r->n_values++;
    s.text[s.n] = '\0';
    *ret = (struct search_value){s.text, number};
    return 0;
}

static int read_list(struct reader *r, struct search_term *t)
{
    struct search_value *values = arena_array(r->arena, struct search_value, SEARCH_VALUES_MAX);
    size_t begin = r->at++;
    bool more = true;
    int e = 0;

    while (e == 0 && more) {
        skip_blanks(r);
        e = read_value(r, t, true, &values[t->n_values]);
        t->n_values += e == 0;
        if (e == 0)
            skip_blanks(r);
        more = e == 0 && take(r, ',');
    }
    if (e == 0 && !take(r, ']'))
        e = wrong(r, begin, r->text.n, "this list is not closed: a ] is missing");
    if (e == 0 && peek(r) && !is_blank(peek(r)))
        e = wrong(r, r->at, r->at + 1, "a blank is missing behind the list");
    t->values = values;
    return e;
}

static void read_operator(struct reader *r, struct search_term *t)
{
    enum search_kind kind = search_fields[t->field].kind;

    if (kind != VALUE_NUMBER && kind != VALUE_TIME)
        return;
    if (take(r, '>'))
        t->comparison = take(r, '=') ? SEARCH_AT_LEAST : SEARCH_MORE;
    else if (take(r, '<'))
        t->comparison = take(r, '=') ? SEARCH_AT_MOST : SEARCH_LESS;
}

static int read_values(struct reader *r, struct search_term *t)
{
    struct search_value *value;
    int e;

    read_operator(r, t);
    if (t->field != SEARCH_TEXT && t->comparison == SEARCH_EQUAL && peek(r) == '[' &&
        search_fields[t->field].kind != VALUE_TIME)
        return read_list(r, t);
    value = arena_new(r->arena, struct search_value);
    e = read_value(r, t, false, value);
    t->values = value;
    t->n_values = 1;
    return e;
}

/* --- Terms --- */

/* Letters up to a colon behind which there is no other. 0: no key stands here. */
static size_t key_length(const struct reader *r)
{
    size_t n = 0;

    while (r->at + n < r->text.n && isalpha((unsigned char)r->text.p[r->at + n]))
        n++;
    if (n == 0 || r->at + n >= r->text.n || r->text.p[r->at + n] != ':')
        return 0;
    return r->at + n + 1 < r->text.n && r->text.p[r->at + n + 1] == ':' ? 0 : n;
}

static int read_key(struct reader *r, enum search_field_id *ret)
{
    size_t n = key_length(r);
    struct str name = {r->text.p + r->at, n};
    enum search_field_id id = n ? search_field_find(name) : SEARCH_TEXT;

    if (id == SEARCH_FIELDS) {
        wrong(r, r->at, r->at + n, "there is no field %.*s; a word with a colon stands in quotes",
              shown(n), name.p);
        r->mistake->nearest = search_nearest_field(name);
        return SEARCH_MISTAKE;
    }
    r->at += n ? n + 1 : 0;
    *ret = id;
    return 0;
}

static int read_term(struct reader *r, struct search_term *ret)
{
    struct search_term t = {.at = r->at};
    int e;

    t.negated = take(r, '!');
    e = read_key(r, &t.field);
    if (e == 0)
        e = read_values(r, &t);
    t.length = r->at - t.at;
    if (e == 0)
        *ret = t;
    return e;
}

/* --- The whole --- */

static int check_text(struct reader *r)
{
    const char *nul = memchr(r->text.p, '\0', r->text.n);
    size_t valid = utf8_valid_prefix(r->text.p, r->text.n);

    if (r->text.n > SEARCH_QUERY_MAX)
        return wrong(r, SEARCH_QUERY_MAX, r->text.n, "a query is no longer than %d bytes",
                     SEARCH_QUERY_MAX);
    if (nul)
        return wrong(r, (size_t)(nul - r->text.p), (size_t)(nul - r->text.p) + 1,
                     "this is no character of a query");
    if (valid < r->text.n)
        return wrong(r, valid, valid + 1, "this byte is not of UTF-8");
    return 0;
}

int search_parse(struct str text, struct arena *a, struct search_query *ret,
                 struct search_mistake *ret_mistake)
{
    struct search_mistake mistake = {0};
    struct reader r = {.text = text, .arena = a, .mistake = &mistake};
    struct search_query q = {.n_terms = 0};
    int e = text.n ? check_text(&r) : 0;

    for (skip_blanks(&r); e == 0 && r.at < text.n; skip_blanks(&r)) {
        if (q.n_terms == SEARCH_TERMS_MAX)
            e = wrong(&r, r.at, text.n, "a query has no more than %d terms", SEARCH_TERMS_MAX);
        else
            e = read_term(&r, &q.terms[q.n_terms]);
        q.n_terms += e == 0;
    }
    if (e)
        *ret_mistake = mistake;
    else
        *ret = q;
    return e;
}

/* --- Who asks --- */

void search_name_me(struct search_query *q, const char *name, struct arena *a)
{
    for (size_t i = 0; name && i < q->n_terms; i++) {
        struct search_term *t = &q->terms[i];
        struct search_value *values = arena_array(a, struct search_value, t->n_values);

        if (t->field != SEARCH_OWNER)
            continue;
        for (size_t k = 0; k < t->n_values; k++) {
            values[k] = t->values[k];
            if (strcasecmp(values[k].text, "me") == 0)
                values[k].text = search_literal(name, a);
        }
        t->values = values;
    }
}
