/* SPDX-License-Identifier: Apache-2.0 */
#include "common/search/pasted.h"

#include <ctype.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"

#define FINGERPRINT_DIGITS     64
#define FINGERPRINT_DIGITS_MIN 12
#define FUNCTION_MAX           256

/* --- Ids --- */

static char *lower_copy(struct str s, struct arena *a)
{
    char *copy = arena_strndup(a, s.p, s.n);

    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static enum pasted_kind kind_of_digits(const char *id)
{
    size_t n = strlen(id);

    if (strspn(id, "0123456789abcdef") != n)
        return PASTED_QUERY;
    if (n == 32 || n == 40)
        return PASTED_BUILD_ID;
    return n >= FINGERPRINT_DIGITS_MIN && n <= FINGERPRINT_DIGITS ? PASTED_FINGERPRINT
                                                                  : PASTED_QUERY;
}

static enum pasted_kind kind_of(const char *id, int64_t *ret_group)
{
    uint64_t group;

    if (uuid_valid(str_from(id)))
        return PASTED_EVENT;
    if (cstr_starts(id, "g-") && id[2] != '0' &&
        str_to_u64(str_from(id + 2), INT32_MAX, &group) == 0) {
        *ret_group = (int64_t)group;
        return PASTED_GROUP;
    }
    return kind_of_digits(id);
}

static struct pasted name_of(struct str text, struct arena *a)
{
    static const enum search_field_id fields[] = {
        [PASTED_EVENT] = SEARCH_ID,
        [PASTED_GROUP] = SEARCH_ID,
        [PASTED_FINGERPRINT] = SEARCH_FP,
        [PASTED_BUILD_ID] = SEARCH_BUILDID,
    };
    struct pasted p = {.id = lower_copy(text, a)};

    p.kind = kind_of(p.id, &p.group);
    if (p.kind != PASTED_QUERY)
        p.query = search_link(fields[p.kind], p.id, a);
    return p;
}

/* --- A backtrace --- */

static void skip(struct str *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static size_t span(struct str s, const char *characters)
{
    size_t n = 0;

    while (n < s.n && s.p[n] && strchr(characters, s.p[n]))
        n++;
    return n;
}

/* "#3  0x00005555 in shop::sell (n=3) at shop.cc:12" → "shop::sell". As gdb prints them, there is a
 * blank before the arguments; what it has no name of is "??". */
static bool frame_function(struct str line, struct str *ret)
{
    ptrdiff_t end;
    size_t n;

    skip(&line, span(line, " \t"));
    if (line.n == 0 || *line.p != '#')
        return false;
    skip(&line, 1);
    n = span(line, "0123456789");
    skip(&line, n);
    if (n == 0 || span(line, " \t") == 0)
        return false;
    skip(&line, span(line, " \t"));
    if (str_starts(line, STR("0x"))) {
        skip(&line, 2 + span((struct str){line.p + 2, line.n - 2}, "0123456789abcdefABCDEF"));
        if (!str_starts(line, STR(" in ")))
            return false;
        skip(&line, 4);
    }
    end = str_find(line, STR(" ("));
    if (end <= 0 || end > FUNCTION_MAX)
        return false;
    *ret = (struct str){line.p, (size_t)end};
    return true;
}

static bool is_in(const struct search_query *q, const char *pattern)
{
    for (size_t i = 0; i < q->n_terms; i++)
        if (strcmp(q->terms[i].values->text, pattern) == 0)
            return true;
    return false;
}

/* As the database has it, "shop::Cart<int>::add" is shop::Cart::add. What is not balanced stays. */
static size_t drop_templates(char *text)
{
    const char *operator_name = strstr(text, "operator");
    size_t n = 0, depth = 0;

    if (operator_name && strpbrk(operator_name, "<>"))
        return strlen(text);
    for (const char *p = text; *p; p++) {
        if (*p == '>' && depth == 0)
            return strlen(text);
        depth += *p == '<';
        depth -= *p == '>';
    }
    if (depth)
        return strlen(text);
    for (const char *p = text; *p; p++) {
        depth += *p == '<';
        if (depth == 0)
            text[n++] = *p;
        depth -= *p == '>';
    }
    text[n] = '\0';
    return n;
}

static void add_function(struct search_query *q, struct str name, struct arena *a)
{
    struct search_value *v = arena_new(a, struct search_value);
    char *text = arena_strndup(a, name.p, name.n);

    utf8_repair(text, name.n);
    if (drop_templates(text) == 0)
        return;
    v->text = search_literal(text, a);
    if (!str_eq(name, STR("??")) && !is_in(q, v->text))
        q->terms[q->n_terms++] =
            (struct search_term){.field = SEARCH_FUNC, .values = v, .n_values = 1};
}

static struct pasted backtrace_of(struct str text, struct arena *a)
{
    struct str rest = {text.p, text.n < PASTED_TEXT_MAX ? text.n : PASTED_TEXT_MAX}, line, name;
    _cleanup_buf_ struct buf b = BUF_INIT(4 * PASTED_FUNCTIONS * FUNCTION_MAX);
    struct search_query q = {.n_terms = 0};

    while (q.n_terms < PASTED_FUNCTIONS && str_split(&rest, '\n', &line))
        if (frame_function(line, &name))
            add_function(&q, name, a);
    if (q.n_terms == 0)
        return (struct pasted){.kind = PASTED_QUERY};
    search_format(&q, &b);
    return (struct pasted){.kind = PASTED_BACKTRACE, .query = arena_strdup(a, buf_text(&b))};
}

/* --- The whole --- */

struct pasted search_pasted(struct str text, struct arena *a)
{
    struct pasted p = {.kind = PASTED_QUERY};

    text = str_trim(text);
    if (text.n > 0 && text.n <= FINGERPRINT_DIGITS)
        p = name_of(text, a);
    if (p.kind == PASTED_QUERY)
        p = backtrace_of(text, a);
    if (p.kind == PASTED_QUERY)
        p = (struct pasted){.kind = PASTED_QUERY, .query = arena_strndup(a, text.p, text.n)};
    return p;
}
