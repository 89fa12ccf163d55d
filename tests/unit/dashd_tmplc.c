/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/templates */
/* What the template compiler makes is held against the text that it should be, and given to the C
 * compiler to see whose line a mistake is reported at. */
#include "dashd/templates/tmplc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

/* Of the last call: what was made, what was said on stderr. */
static char made[16384], mistakes[4096];

/* stderr goes through a file for the time of the call. */
static int compiled(const char *text)
{
    _cleanup_file_ FILE *in = tmpfile(), *said = tmpfile();
    FILE *out = fmemopen(made, sizeof(made), "w");
    int saved = dup(2), r;
    size_t n;

    fputs(text, in);
    rewind(in);
    fflush(stderr);
    dup2(fileno(said), 2);
    r = tmplc_compile("t.html", in, out);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    ck_assert_int_eq(fclose(out), 0);
    rewind(said);
    n = fread(mistakes, 1, sizeof(mistakes) - 1, said);
    mistakes[n] = '\0';
    return r;
}

START_TEST(a_template_becomes_a_function)
{
    int r = compiled(
        "%template t(const char *s, int n)\n"
        "<p class=\"a\">\n"
        "  % for (int i = 0; i < n; i++) {\n"
        "    <a href=\"{{ (struct url){s} }}/{{ i }}\" title=\"{{ s }}\">Why? {{ s }}</a>\\\n"
        "  % }\n"
        "</p>\n");

    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(made, "#include \"dashd/templates/templates.h\"\n\n"
                           "#line 1 \"t.html\"\n"
                           "void template_t(struct buf *out, const char *s, int n)\n{\n"
                           "    html_literal(out, \"<p class=\\042a\\042>\\012\", 14);\n"
                           "#line 3 \"t.html\"\n for (int i = 0; i < n; i++) {\n"
                           "    html_literal(out, \"<a href=\\042\", 9);\n"
                           "#line 4 \"t.html\"\n    html_url(out, ( (struct url){s} ));\n"
                           "    html_literal(out, \"/\", 1);\n"
                           "#line 4 \"t.html\"\n    html_value(out, ( i ));\n"
                           "    html_literal(out, \"\\042 title=\\042\", 9);\n"
                           "#line 4 \"t.html\"\n    html_value(out, ( s ));\n"
                           "    html_literal(out, \"\\042>Why\\077 \", 7);\n"
                           "#line 4 \"t.html\"\n    html_text(out, ( s ));\n"
                           "    html_literal(out, \"</a>\", 4);\n"
                           "#line 5 \"t.html\"\n }\n"
                           "    html_literal(out, \"</p>\\012\", 5);\n"
                           "}\n");
}
END_TEST

START_TEST(mistakes_have_a_line)
{
    static const struct {
        const char *text, *mistake;
    } cases[] = {
        {"<p>\n", "t.html:1: error: %template NAME(PARAMETERS) must come first"},
        {"% int x;\n", "t.html:1: error: expected one %template"},
        {"%template t\n", "t.html:1: error: expected one %template"},
        {"%template t(int n)\n%template u(int n)\n", "t.html:2: error: expected one %template"},
        {"", "t.html:0: error: the file ends empty"},
        {"%template t(int n)\n<p\n", "t.html:2: error: the file ends inside of a tag"},
        {"%template t(int n)\n\n<p>{{ n }</p>\n", "t.html:3: error: {{ without }}"},
        {"%template t(int n)\n<p {{ n }}>\n", "t.html:2: error: an expression must stand in text"},
        {"%template t(int n)\n<p id={{ n }}>\n",
         "t.html:2: error: an expression must stand in text"},
        {"%template t(int n)\n<{{ n }}>\n", "t.html:2: error: an expression must stand in text"},
        {"%template t(int n)\n<p id=x>\n",
         "t.html:2: error: id: the value must stand in double quotes"},
        {"%template t(int n)\n<p id='x'>\n",
         "t.html:2: error: id: the value must stand in double quotes"},
        {"%template t(int n)\n<p\n% n++;\n>\n",
         "t.html:3: error: a control line must not stand inside"},
        {"%template t(int n)\n<SCRIPT>\n", "t.html:2: error: SCRIPT: the Content-Security-Policy"},
        {"%template t(int n)\n<style>\n", "t.html:2: error: style: the Content-Security-Policy"},
        {"%template t(int n)\n<p style=\"x\">\n",
         "t.html:2: error: style: the Content-Security-Policy"},
        {"%template t(int n)\n<p onclick=\"x\">\n",
         "t.html:2: error: onclick: the Content-Security-Policy"},
        {"%template t(int n)\n<p onclick>\n",
         "t.html:2: error: onclick: the Content-Security-Policy"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int r = compiled(cases[i].text);

        ck_assert_msg(r == -EINVAL, "%s is accepted", cases[i].text);
        ck_assert_msg(strstr(mistakes, cases[i].mistake), "%s: %s", cases[i].text, mistakes);
    }
}
END_TEST

/* What the C compiler says of a template's code. */
static const char *complaint(const char *text)
{
    static char said[16384];
    char path[] = "/tmp/tmplc-test.XXXXXX", command[512];
    int r = compiled(text);
    _cleanup_fd_ int fd = mkstemp(path);
    _cleanup_file_ FILE *f = fdopen(dup(fd), "w");
    FILE *cc;
    size_t n;

    ck_assert_int_eq(r, 0);
    /* Not the header of dashd's own templates, which declares other functions. */
    fputs("#include \"dashd/view/html.h\"\n", f);
    fputs(strchr(made, '\n'), f);
    fflush(f);
    snprintf(command, sizeof(command),
             "LC_ALL=C gcc -std=gnu17 -D_GNU_SOURCE -I. -fsyntax-only -x c %s 2>&1", path);
    cc = popen(command, "r");
    n = fread(said, 1, sizeof(said) - 1, cc);
    said[n] = '\0';
    pclose(cc);
    unlink(path);
    return said;
}

START_TEST(the_c_compiler_guards_the_types)
{
    ck_assert_str_eq(
        complaint("%template t(const char *s, struct url u)\n"
                  "<a href=\"{{ u }}\" title=\"{{ s }}\">{{ (struct markup){s} }}</a>\n"),
        "");
    /* A text where an address begins, markup in an attribute, a type that nobody knows how to show.
     */
    ck_assert_ptr_nonnull(strstr(
        complaint("%template t(const char *s)\n\n<a href=\"{{ s }}\">x</a>\n"), "t.html:3:"));
    ck_assert_ptr_nonnull(
        strstr(complaint("%template t(const char *s)\n<p title=\"{{ (struct markup){s} }}\">\n"),
               "t.html:2:"));
    ck_assert_ptr_nonnull(strstr(complaint("%template t(void *s)\n<p>{{ s }}\n"), "t.html:2:"));
    ck_assert_ptr_nonnull(strstr(complaint("%template t(int n)\n% if (m) {\n% }\n"), "t.html:2:"));
}
END_TEST

UNIT_MAIN("dashd/templates/tmplc", a_template_becomes_a_function, mistakes_have_a_line,
          the_c_compiler_guards_the_types)
