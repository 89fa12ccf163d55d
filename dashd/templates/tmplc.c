/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/templates/tmplc.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HTML_NAME_MAX 32

enum place { IN_TEXT, IN_TAG_NAME, IN_TAG, IN_ATTRIBUTE, BEFORE_VALUE, IN_VALUE };

struct compiler {
    const char *path;
    unsigned line;
    FILE *out;
    enum place place;
    char name[HTML_NAME_MAX]; /* of the tag or the attribute that is being read */
    bool value_empty;         /* in IN_VALUE: nothing stands before this */
    bool has_template;        /* %template was seen */
};

static int __attribute__((format(printf, 2, 3)))
mistake(const struct compiler *c, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fprintf(stderr, "%s:%u: error: ", c->path, c->line);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    return -EINVAL;
}

static void emit_literal(const struct compiler *c, const char *p, size_t n)
{
    if (n == 0)
        return;
    fputs("    html_literal(out, \"", c->out);
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)p[i];

        /* ? because of trigraphs; octal escapes have at most three digits, hexadecimal ones no end.
         */
        if (ch < 0x20 || ch >= 0x7f || strchr("\"\\?", ch))
            fprintf(c->out, "\\%03o", ch);
        else
            fputc(ch, c->out);
    }
    fprintf(c->out, "\", %zu);\n", n);
}

/* What follows comes from this line of the template. */
static void emit_place(const struct compiler *c)
{
    fprintf(c->out, "#line %u \"%s\"\n", c->line, c->path);
}

/* --- Where in the HTML we are --- */

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcasecmp(name, *list) == 0)
            return true;
    return false;
}

static int check_name(const struct compiler *c)
{
    static const char *const tags[] = {"script", "style", "iframe", "object",
                                       "embed",  "base",  NULL};
    bool bad = c->place == IN_TAG_NAME && is_one_of(c->name, tags);

    if (c->place == IN_ATTRIBUTE)
        bad = strcasecmp(c->name, "style") == 0 || strncasecmp(c->name, "on", 2) == 0;
    return bad ? mistake(c, "%s: the Content-Security-Policy refuses it", c->name) : 0;
}

static int add_to_name(struct compiler *c, char ch)
{
    size_t n = strlen(c->name);

    if (n + 1 == sizeof(c->name))
        return mistake(c, "%s…: the name is too long", c->name);
    c->name[n] = ch;
    c->name[n + 1] = '\0';
    return 0;
}

/* One character inside of a tag but outside of a value. */
static int step_tag(struct compiler *c, char ch)
{
    bool blank = isspace((unsigned char)ch);
    int r = blank || ch == '>' || ch == '=' ? check_name(c) : 0;

    if (r < 0)
        return r;
    if (c->place == BEFORE_VALUE && ch != '"')
        return mistake(c, "%s: the value must stand in double quotes", c->name);
    if (c->place == BEFORE_VALUE) {
        c->place = IN_VALUE;
        c->value_empty = true;
    } else if (ch == '>') {
        c->place = IN_TEXT;
    } else if (blank) {
        c->place = IN_TAG;
    } else if (c->place == IN_ATTRIBUTE && ch == '=') {
        c->place = BEFORE_VALUE;
    } else if (c->place != IN_TAG) {
        r = add_to_name(c, ch);
    } else if (ch != '/') {
        c->place = IN_ATTRIBUTE;
        c->name[0] = '\0';
        r = add_to_name(c, ch);
    }
    return r;
}

static int step(struct compiler *c, char ch)
{
    if (c->place == IN_TEXT && ch == '<') {
        c->place = IN_TAG_NAME;
        c->name[0] = '\0';
    } else if (c->place == IN_VALUE) {
        c->value_empty = false;
        if (ch == '"')
            c->place = IN_TAG;
    } else if (c->place != IN_TEXT) {
        return step_tag(c, ch);
    }
    return 0;
}

/* --- The parts of a template --- */

static int expression(struct compiler *c, const char *p, size_t n)
{
    static const char *const addresses[] = {"href", "src", "action", "formaction", NULL};
    const char *writer = "html_text";

    if (c->place != IN_TEXT && c->place != IN_VALUE)
        return mistake(c, "an expression must stand in text or in a quoted attribute value");
    if (c->place == IN_VALUE)
        writer = c->value_empty && is_one_of(c->name, addresses) ? "html_url" : "html_value";
    c->value_empty = false;
    emit_place(c);
    fprintf(c->out, "    %s(out, (%.*s));\n", writer, (int)n, p);
    return 0;
}

/* line has its line break, or a \ in its place, or is the last one. */
static int html_line(struct compiler *c, const char *p)
{
    const char *literal = p;
    int r = 0;

    if (!c->has_template)
        return mistake(c, "%%template NAME(PARAMETERS) must come first");
    while (*p && r == 0 && strcmp(p, "\\\n") != 0) {
        const char *close;

        if (p[0] != '{' || p[1] != '{') {
            r = step(c, *p++);
            continue;
        }
        close = strstr(p, "}}");
        if (!close)
            return mistake(c, "{{ without }} on the same line");
        emit_literal(c, literal, (size_t)(p - literal));
        r = expression(c, p + 2, (size_t)(close - p - 2));
        literal = p = close + 2;
    }
    emit_literal(c, literal, (size_t)(p - literal));
    return r;
}

/* p stands behind the %. */
static int control_line(struct compiler *c, const char *p)
{
    const char *name = strncmp(p, "template ", 9) == 0 ? p + 9 : NULL;
    size_t n = name ? strcspn(name, "(") : 0;

    if (c->place != IN_TEXT)
        return mistake(c, "a control line must not stand inside of a tag");
    if (name ? c->has_template || name[n] != '(' : !c->has_template)
        return mistake(c, "expected one %%template NAME(PARAMETERS), and first");
    c->has_template = true;
    emit_place(c);
    if (name)
        fprintf(c->out, "void template_%.*s(struct buf *out, %s{\n", (int)n, name, name + n + 1);
    else
        fputs(p, c->out);
    return 0;
}

int tmplc_compile(const char *path, FILE *in, FILE *out)
{
    struct compiler c = {.path = path, .out = out};
    char *line = NULL;
    size_t capacity = 0;
    int r = 0;

    fputs("#include \"dashd/templates/templates.h\"\n\n", out);
    while (r == 0 && getline(&line, &capacity, in) >= 0) {
        const char *p = line + strspn(line, " \t");

        c.line++;
        if (*p == '%')
            r = control_line(&c, p + 1);
        else if (*p != '\n')
            r = html_line(&c, p);
    }
    free(line);
    if (r == 0 && (c.place != IN_TEXT || !c.has_template))
        r = mistake(&c, "the file ends %s", c.has_template ? "inside of a tag" : "empty");
    fputs("}\n", out);
    return r;
}
