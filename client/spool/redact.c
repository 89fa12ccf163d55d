/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/report/redact_names.h"

#define URL_LOGIN_MAX   512 /* bytes of user and password in a URL */
#define URL_TOKEN_MIN   16  /* a user without a password that is as long is a token */
#define PEM_LABEL_MAX   64
#define SCHEME_SKIP_MAX 8 /* blanks between a name and its value */
#define BEARER_MIN      12
#define VALUE_PEEK      256 /* bytes that tell whether it is a secret */

struct walk {
    char *text;
    size_t n;
    size_t element; /* where the argument began that we are in */
    enum redact_form form;
    const char *names;
    struct str program; /* argv[0], borrowed from the text */
};

/* Each rule looks at one place and returns where to go on; the place itself: it is not its case. */

/* --- Characters --- */

static char at(const struct walk *w, size_t i)
{
    return i < w->n ? w->text[i] : '\0';
}

static struct str rest_of(const struct walk *w, size_t i)
{
    return (struct str){w->text + i, w->n - i};
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What ends a value that nothing encloses. */
static bool ends_value(char c)
{
    return (unsigned char)c <= ' ' || strchr("\"'`,;&)]}><|", c);
}

static size_t skip_blanks(const struct walk *w, size_t i)
{
    for (size_t n = 0; n < SCHEME_SKIP_MAX && is_blank(at(w, i)); n++)
        i++;
    return i;
}

/* The end of the argument, or of the line. */
static size_t end_of_text(const struct walk *w, size_t i)
{
    while (i < w->n && w->text[i] != '\0' && (w->form == REDACT_ARGUMENTS || w->text[i] != '\n'))
        i++;
    return i;
}

/* Lines stay lines. */
static size_t blank(struct walk *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (w->text[i] != '\n' && w->text[i] != '\0')
            w->text[i] = '*';
    return to;
}

/* --- Values --- */

/* The value that begins at *from is in quotes, which may be escaped (JSON within a text): moves
 * *from behind them and finds the end, or max. */
static bool quoted(const struct walk *w, size_t *from, size_t max, size_t *end)
{
    size_t i = *from + (at(w, *from) == '\\');
    bool escaped = i > *from;
    char quote = at(w, i);

    if (quote != '"' && quote != '\'' && quote != '`')
        return false;
    *from = ++i;
    for (; i < max && w->text[i] != '\0'; i++) {
        if (w->text[i] == '\\' && !(escaped && at(w, i + 1) == quote))
            i++;
        else if (w->text[i] == quote || w->text[i] == '\\')
            break;
    }
    *end = i < max ? i : max;
    return true;
}

static size_t end_of_header(const struct walk *w, size_t i, size_t max)
{
    while (i < max && w->text[i] != '\0' && w->text[i] != '\n' && !strchr("\"'\\", w->text[i]))
        i++;
    return i;
}

/* What the value at *from goes to, at most max, which is not looked behind. */
enum extent { TO_DELIMITER, TO_END_OF_TEXT, TO_END_OF_HEADER };

static size_t end_of_value(const struct walk *w, size_t *from, enum extent extent, size_t max)
{
    size_t end = *from;

    if (max > w->n)
        max = w->n;
    if (quoted(w, from, max, &end))
        return end;
    if (extent == TO_END_OF_HEADER)
        return end_of_header(w, *from, max);
    while (end < max &&
           (extent == TO_END_OF_TEXT ? w->text[end] != '\0' : !ends_value(w->text[end])))
        end++;
    return end;
}

/* "call(…)" after a colon is code, not a value. */
static bool is_call(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '(')
            return i > 0;
        if (!isalnum((unsigned char)value.p[i]) && value.p[i] != '_')
            return false;
    }
    return false;
}

/* Whether it is a secret is told by its beginning alone: values within values cost nothing. */
static size_t take_value(struct walk *w, enum redact_name name, size_t from, enum extent extent,
                         bool colon)
{
    size_t start = from, end;

    if (name == REDACT_NAME_HEADER && colon)
        extent = TO_END_OF_HEADER;
    end = end_of_value(w, &start, extent, from + VALUE_PEEK);
    if ((colon && is_call((struct str){w->text + start, end - start})) ||
        !redact_value(name, (struct str){w->text + start, end - start}))
        return from;
    start = from;
    end = end_of_value(w, &start, extent, w->n);
    return blank(w, start, end);
}

/* --- Names --- */

/* Behind the separator that follows a name at i; i: none follows. */
static size_t separator(const struct walk *w, size_t i, bool *ret_colon)
{
    size_t from = i;

    i += at(w, i) == '\\';
    if (at(w, i) == '"' || at(w, i) == '\'')
        i++;
    else if (i > from)
        return from;
    if (is_blank(at(w, i)) && (at(w, i + 1) == '=' || i > from))
        i++;
    *ret_colon = at(w, i) == ':';
    if (*ret_colon && at(w, i + 1) == '=')
        i++;
    else if (*ret_colon && (at(w, i + 1) == ':' || at(w, i + 1) == '/'))
        return from;
    else if (at(w, i) == '=' && (at(w, i + 1) == '=' || at(w, i + 1) == '~'))
        return from;
    if (at(w, i) != '=' && at(w, i) != ':')
        return from;
    i++;
    return i + (at(w, i) == '>');
}

/* "Bearer TOKEN", "Basic BASE64" outside a header that is known. */
static size_t take_scheme(struct walk *w, struct str name, size_t i)
{
    size_t end = i + 1;
    bool mixed = false;

    if (at(w, i) != ' ' || !((name.n == 6 && strncasecmp(name.p, "bearer", 6) == 0) ||
                             (name.n == 5 && strncasecmp(name.p, "basic", 5) == 0)))
        return i;
    for (; end < w->n && !ends_value(w->text[end]); end++)
        mixed |= isdigit((unsigned char)w->text[end]) || strchr("=+_*", w->text[end]);
    return mixed && end - i > BEARER_MIN ? blank(w, i + 1, end) : i;
}

/* "--name VALUE": the next argument, or the next word. */
static size_t take_next(struct walk *w, enum redact_name name, size_t run, size_t i)
{
    bool argument = w->form == REDACT_ARGUMENTS && run == w->element && i < w->n && !w->text[i];
    bool word = at(w, run + 1) == '-' && at(w, i) == ' ';

    if (at(w, run) != '-' || (!argument && !word) || at(w, i + 1) == '-')
        return i;
    if (argument)
        w->element = i + 1;
    return take_value(w, name, i + 1, argument ? TO_END_OF_TEXT : TO_DELIMITER, false);
}

static size_t rule_name(struct walk *w, size_t i)
{
    size_t run = i, begin, value;
    enum redact_name name;
    bool colon = false;
    struct str text;

    if (!in_name(w->text[i]) || (i > 0 && in_name(w->text[i - 1])))
        return i;
    while (i < w->n && in_name(w->text[i]))
        i++;
    begin = run;
    while (begin < i && (w->text[begin] == '-' || w->text[begin] == '.'))
        begin++;
    text = (struct str){w->text + begin, i - begin};
    value = separator(w, i, &colon);
    if (value == i && at(w, run) != '-')
        return take_scheme(w, text, i);
    name = redact_name(text, w->names);
    if (name == REDACT_NAME_PLAIN)
        return i;
    if (value == i)
        return take_next(w, name, run, i);
    return take_value(
        w, name, skip_blanks(w, value),
        w->form == REDACT_ARGUMENTS && run == w->element ? TO_END_OF_TEXT : TO_DELIMITER, colon);
}

/* --- Things that look like secrets by themselves --- */

static size_t rule_token(struct walk *w, size_t i)
{
    size_t n = 0;

    if (i == 0 || !(isalnum((unsigned char)w->text[i - 1]) || w->text[i - 1] == '_'))
        n = redact_token(rest_of(w, i));
    return n > 0 ? blank(w, i, i + n) : i;
}

/* "://user:password@" */
static size_t rule_url(struct walk *w, size_t i)
{
    size_t start = i + 3, login = 0, colon = 0;

    if (!str_starts(rest_of(w, i), STR("://")))
        return i;
    for (size_t k = start; k < w->n && k - start < URL_LOGIN_MAX; k++) {
        char c = w->text[k];

        if ((unsigned char)c <= ' ' || strchr("/?#\"'<>", c))
            break;
        if (c == '@')
            login = k;
        else if (c == ':' && !colon)
            colon = k;
    }
    if (login && colon && colon < login)
        return blank(w, colon + 1, login);
    return login && login - start >= URL_TOKEN_MIN ? blank(w, start, login) : start;
}

/* "-----BEGIN … PRIVATE KEY-----" up to its end. */
static size_t rule_pem(struct walk *w, size_t i)
{
    struct str rest = rest_of(w, i), label;
    ptrdiff_t end;

    if (!str_starts(rest, STR("-----BEGIN ")))
        return i;
    label = (struct str){rest.p, rest.n < PEM_LABEL_MAX ? rest.n : PEM_LABEL_MAX};
    end = str_find(label, STR("PRIVATE KEY-----"));
    if (end < 0)
        return i;
    i += (size_t)end + strlen("PRIVATE KEY-----");
    end = str_find(rest_of(w, i), STR("-----END"));
    return blank(w, i, end < 0 ? w->n : i + (size_t)end);
}

/* Short options, which mean a secret to one program only. Called where an argument begins. */
static size_t rule_option(struct walk *w, size_t i)
{
    size_t end, next, value;
    enum redact_option option;

    if (w->form != REDACT_ARGUMENTS || i != w->element || i == 0)
        return i;
    end = end_of_text(w, i);
    next = end + 1;
    option = redact_option(w->program, (struct str){w->text + i, end - i});
    if (option == REDACT_OPTION_NONE)
        return i;
    if (option == REDACT_OPTION_JOINED)
        return blank(w, i + (w->text[i] == '/' ? 3 : 2), end);
    if (next >= w->n)
        return end;
    w->element = next;
    end = end_of_text(w, next);
    value = next;
    if (option == REDACT_OPTION_PAIR) {
        while (value < end && w->text[value] != ':' && w->text[value] != '%')
            value++;
        value += value < end;
    }
    return blank(w, value, end);
}

/* --- The whole --- */

typedef size_t rule(struct walk *w, size_t i);

static rule *const rules[] = {rule_option, rule_token, rule_pem, rule_url, rule_name};

static size_t step(struct walk *w, size_t i)
{
    for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
        size_t next = rules[r](w, i);

        if (next > i)
            return next;
    }
    return i + 1;
}

void redact(char *text, size_t n, enum redact_form form, const char *names)
{
    struct walk w = {.text = text, .n = n, .form = form, .names = names};

    w.program = (struct str){text, end_of_text(&w, 0)};
    for (size_t i = 0; i < n;) {
        if (i > 0 && text[i - 1] == '\0')
            w.element = i;
        i = step(&w, i);
    }
}
