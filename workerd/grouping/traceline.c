/* SPDX-License-Identifier: Apache-2.0 */
/* A table of formats, each a function that knows its line by how it begins. What stands behind an
 * address looks alike in most of them and is left to symbolized_parse(). */
#include "workerd/grouping/traceline.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/frametext.h"
#include "workerd/grouping/slice.h"

static bool is_blank(struct str s, size_t i)
{
    return i < s.n && (s.p[i] == ' ' || s.p[i] == '\t');
}

static bool is_hex(struct str s)
{
    uint64_t value;

    return str_starts(s, STR("0x")) && str_hex_to_u64(after(s, 2), UINT64_MAX, &value) == 0;
}

/* --- Headings --- */

static enum traceline_kind read_goroutine(struct str line, const struct traceline_state *state,
                                          struct arena *a, struct traceline *ret)
{
    (void)state;
    (void)a;
    ret->minor = str_eq(line, STR("runtime stack:"));
    if (!ret->minor && !(str_starts(line, STR("goroutine ")) && str_ends(line, STR("]:"))))
        return TRACELINE_OTHER;
    ret->go = true;
    return TRACELINE_STACK;
}

static const struct {
    struct str begin, part; /* the line begins so, and has this part */
    bool crashed, minor;
} headings[] = {
    {STR("Stack trace of thread "), STR(":"), false, false},
    {STR("stack backtrace:"), STR(""), false, false},
    {STR("Backtrace:"), STR(""), false, false},
    {STR("backtrace:"), STR(""), false, false},
    {STR("Native frames:"), STR(""), false, false},
    {STR("* thread #"), STR(""), true, false},
    {STR("thread #"), STR(""), false, true},
    {STR("Thread "), STR("(crashed)"), true, false},
    {STR("Thread "), STR(" crashed:"), true, false},
    {STR("EIP:"), STR(""), false, true},
    {STR("freed by thread "), STR("here:"), false, true},
    {STR("previously allocated by thread "), STR("here:"), false, true},
    {STR("Previous "), STR(" by thread "), false, true},
    {STR("Previous "), STR(" by main thread"), false, true},
    {STR("Uninitialized value was "), STR(""), false, true},
    {STR("Address "), STR(" is located in stack of thread"), false, true},
};

static enum traceline_kind read_heading(struct str line, const struct traceline_state *state,
                                        struct arena *a, struct traceline *ret)
{
    (void)state;
    (void)a;
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++) {
        if (str_starts(line, headings[i].begin) && str_find(line, headings[i].part) >= 0) {
            ret->crashed = headings[i].crashed;
            ret->minor = headings[i].minor;
            return TRACELINE_STACK;
        }
    }
    return TRACELINE_OTHER;
}

/* --- lldb --- */

/* "NAME(x=1, y=2)": lldb prints values; types of C++ have no "=" but in "operator==". */
static void cut_values(struct str *s)
{
    ptrdiff_t value = str_find(*s, STR("="));
    size_t i = value > 0 ? (size_t)value : 0;

    while (i > 0 && s->p[i] != '(')
        i--;
    if (i > 0 && s->p[s->n - 1] == ')' && str_find((struct str){s->p, i}, STR("operator")) < 0)
        s->n = i;
}

/* "frame #1: 0xADDRESS MODULE`NAME + 12 at FILE:LINE:COLUMN" */
static enum traceline_kind read_lldb(struct str line, const struct traceline_state *state,
                                     struct arena *a, struct traceline *ret)
{
    struct str s = str_starts(line, STR("* ")) ? str_trim(after(line, 2)) : line;
    struct str module, name;
    ptrdiff_t at;

    (void)state;
    if (!str_starts(s, STR("frame #")))
        return TRACELINE_OTHER;
    s = after(s, strlen("frame #"));
    ret->numbered = true;
    ret->number = leading_number(s);
    s = str_trim(behind(s, STR(":")));
    if (str_starts(s, STR("0x")))
        s = str_trim(after(s, until(s, " ").n));
    module = until(s, "`");
    if (module.n == s.n)
        return TRACELINE_FRAME;
    s = after(s, module.n + 1);
    at = str_find(s, STR(" at "));
    if (at >= 0)
        place_parse(until(after(s, (size_t)at + 4), " "), a, &ret->frame);
    name = at >= 0 ? (struct str){s.p, (size_t)at} : s;
    for (size_t i = name.n; i-- > 3;) {
        if (leading_digits(after(name, i)) == name.n - i && memcmp(name.p + i - 3, " + ", 3) == 0)
            name.n = i - 3;
    }
    cut_values(&name);
    ret->frame.module = arena_strndup(a, module.p, module.n);
    ret->frame.function = arena_strndup(a, name.p, name.n);
    return TRACELINE_FRAME;
}

/* --- valgrind --- */

/* "==12== at 0xADDRESS: NAME (FILE:LINE)" or "by …: NAME (in MODULE)" */
static enum traceline_kind read_valgrind(struct str line, const struct traceline_state *state,
                                         struct arena *a, struct traceline *ret)
{
    struct str s, group;
    size_t n = str_starts(line, STR("==")) ? leading_digits(after(line, 2)) : 0;

    if (n == 0 || !str_starts(after(line, 2 + n), STR("==")))
        return TRACELINE_OTHER;
    s = str_trim(after(line, 4 + n));
    if (str_starts(s, STR("Process terminating with default action"))) {
        ret->crashed = true;
        return TRACELINE_STACK;
    }
    ret->first = str_starts(s, STR("at 0x"));
    if (!ret->first && !str_starts(s, STR("by 0x")))
        return TRACELINE_OTHER;
    ret->numbered = true;
    ret->number = ret->first ? 0 : state->next;
    s = str_trim(behind(s, STR(": ")));
    group = behind(s, STR(" (in "));
    if (group.n > 0) {
        group = until(group, ")");
        ret->frame.module = arena_strndup(a, group.p, group.n);
        s = str_trim(until(s, " "));
        if (!function_is_unknown(s))
            ret->frame.function = arena_strndup(a, s.p, s.n);
    } else {
        symbolized_parse(s, a, &ret->frame);
    }
    return TRACELINE_FRAME;
}

/* --- Go --- */

/* "PACKAGE.NAME(ARGUMENTS)", then "FILE:LINE +0x1d" on a line of its own */
static enum traceline_kind read_go(struct str line, const struct traceline_state *state,
                                   struct arena *a, struct traceline *ret)
{
    struct str word = until(line, " \t"), name = line;
    size_t n = 0;

    if (!state->go || line.n == 0 || str_starts(line, STR("created by ")))
        return TRACELINE_OTHER;
    if (str_find(word, STR(".go:")) > 0 || str_find(word, STR(".s:")) > 0)
        return place_parse(word, a, &ret->frame) ? TRACELINE_PLACE : TRACELINE_OTHER;
    for (size_t i = 0; i < line.n; i++) { /* the arguments' bracket is the one behind a name */
        if (line.p[i] == '(' && i > 0 && line.p[i - 1] != '.')
            n = n ? n : i;
    }
    if (n == 0 || line.p[line.n - 1] != ')')
        return TRACELINE_OTHER;
    name.n = n;
    if (until(name, " \t").n < name.n)
        return TRACELINE_OTHER;
    ret->frame.function = arena_strndup(a, name.p, name.n);
    return TRACELINE_FRAME;
}

/* --- Rust --- */

static enum traceline_kind read_rust_place(struct str line, const struct traceline_state *state,
                                           struct arena *a, struct traceline *ret)
{
    if (!state->in_stack || !str_starts(line, STR("at ")))
        return TRACELINE_OTHER;
    return place_parse(str_trim(after(line, 3)), a, &ret->frame) ? TRACELINE_PLACE
                                                                 : TRACELINE_OTHER;
}

/* --- The JVM --- */

/* "C  [libx.so+0x12]  NAME+0x3"; Java's own frames are not native ones */
static enum traceline_kind read_java(struct str line, const struct traceline_state *state,
                                     struct arena *a, struct traceline *ret)
{
    struct str module, name;

    (void)state;
    if (line.n < 5 || !strchr("CV", *line.p) || !is_blank(line, 1))
        return TRACELINE_OTHER;
    line = str_trim(after(line, 1));
    module = until(line, "]");
    if (*line.p != '[' || module.n == line.n || str_find(module, STR("+0x")) < 0)
        return TRACELINE_OTHER;
    name = str_trim(after(line, module.n + 1));
    module = after(module, 1);
    symbolized_parse(str_from(arena_printf(a, "(%.*s)", (int)module.n, module.p)), a, &ret->frame);
    ret->frame.function = name.n > 0 ? arena_strndup(a, name.p, name.n) : NULL;
    return TRACELINE_FRAME;
}

/* --- Frames with a number --- */

/* Is the text a function's name, as Rust prints it: no blanks but in brackets? */
static bool is_path(struct str s)
{
    size_t depth = 0;

    if (s.n == 0 || strchr("0123456789(\"'`$-=.,", *s.p))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        depth += s.p[i] == '<' || s.p[i] == '(' || s.p[i] == '{';
        depth -= (s.p[i] == '>' && i > 0 && s.p[i - 1] != '-') || s.p[i] == ')' || s.p[i] == '}';
        if (depth == 0 && (is_blank(s, i) || s.p[i] == '=' || s.p[i] == ';'))
            return false;
    }
    return true;
}

/* Does the text behind the number show that a frame is described? */
static bool is_frame(struct str s, bool headed)
{
    return str_starts(s, STR("0x")) || (s.n > 0 && symbolized_is(s)) || (headed && is_path(s));
}

/* "12: …" (Rust, node, ceph), "12# …" (boost, C++23), "[12] …" (Godot and others) */
static enum traceline_kind read_numbered(struct str line, const struct traceline_state *state,
                                         struct arena *a, struct traceline *ret)
{
    bool square = line.n > 0 && *line.p == '[';
    struct str s = square ? str_trim(after(line, 1)) : line;
    size_t n = leading_digits(s);

    if (n == 0 || n > 5 || n + 2 > s.n)
        return TRACELINE_OTHER;
    ret->number = leading_number(s);
    if (square ? s.p[n] != ']' : (s.p[n] != ':' && s.p[n] != '#'))
        return TRACELINE_OTHER;
    if (!is_blank(s, n + 1) || (state->in_stack ? ret->number < state->next : ret->number > 1))
        return TRACELINE_OTHER;
    s = str_trim(after(s, n + 1));
    if (!is_frame(s, state->in_stack || state->headed))
        return TRACELINE_OTHER;
    ret->numbered = true;
    symbolized_parse(s, a, &ret->frame);
    return TRACELINE_FRAME;
}

/* "12  MODULE!NAME [FILE : LINE + 0x13]" and "12  MODULE + 0x12" (minidump_stackwalk), and
 * "12  MODULE  0xADDRESS NAME + 12" (LLVM, macOS) */
static enum traceline_kind read_column(struct str line, const struct traceline_state *state,
                                       struct arena *a, struct traceline *ret)
{
    size_t n = leading_digits(line);
    struct str s, module, rest;

    if (n == 0 || n > 5 || !is_blank(line, n))
        return TRACELINE_OTHER;
    ret->numbered = true;
    ret->number = leading_number(line);
    if (ret->number > 0 && (!state->in_stack || ret->number != state->next))
        return TRACELINE_OTHER;
    s = str_trim(after(line, n));
    module = until(s, " \t!");
    if (module.n == 0 || module.n == s.n || *s.p == '0' || *s.p == '<')
        return TRACELINE_OTHER;
    rest = str_trim(after(s, module.n));
    if (*rest.p == '!')
        symbolized_parse(after(rest, 1), a, &ret->frame);
    else if (str_starts(rest, STR("0x")))
        symbolized_parse(rest, a, &ret->frame);
    else if (str_starts(rest, STR("+ ")) && is_hex(str_trim(after(rest, 2))))
        str_hex_to_u64(after(str_trim(after(rest, 2)), 2), UINT64_MAX, &ret->frame.offset);
    else
        return TRACELINE_OTHER;
    ret->frame.module = arena_strndup(a, module.p, module.n);
    return TRACELINE_FRAME;
}

/* --- Frames without a number --- */

/* "@ 0xADDRESS NAME" (glog) */
static enum traceline_kind read_glog(struct str line, const struct traceline_state *state,
                                     struct arena *a, struct traceline *ret)
{
    struct str s = line.n > 2 && *line.p == '@' ? str_trim(after(line, 1)) : (struct str){"", 0};

    (void)state;
    if (!str_starts(s, STR("0x")))
        return TRACELINE_OTHER;
    symbolized_parse(s, a, &ret->frame);
    return TRACELINE_FRAME;
}

/* "MODULE(NAME+0xOFFSET) [0xADDRESS]" (backtrace_symbols()), "FILE:LINE NAME [0xADDRESS]" (D) */
static enum traceline_kind read_backtrace(struct str line, const struct traceline_state *state,
                                          struct arena *a, struct traceline *ret)
{
    struct str s = str_starts(line, STR("[bt]")) ? str_trim(after(line, 4)) : line;
    struct str place = until(s, " \t"), rest = str_trim(after(s, place.n));
    size_t n = s.n;

    (void)state;
    while (n > 0 && s.p[n - 1] != '[')
        n--;
    if (n < 2 || !str_ends(s, STR("]")) || !is_hex((struct str){s.p + n, s.n - n - 1}))
        return TRACELINE_OTHER;
    if (place.n > 2 && rest.n > 0 && place_parse(place, a, &ret->frame) && !ret->frame.module) {
        struct frame where = ret->frame;

        symbolized_parse(rest, a, &ret->frame);
        ret->frame.file = where.file;
        ret->frame.line = where.line;
        return TRACELINE_FRAME;
    }
    symbolized_parse(s, a, &ret->frame);
    if (!ret->frame.module)
        return TRACELINE_OTHER;
    return TRACELINE_FRAME;
}

enum traceline_kind traceline_read(struct str line, const struct traceline_state *state,
                                   struct arena *a, struct traceline *ret)
{
    static enum traceline_kind (*const formats[])(struct str, const struct traceline_state *,
                                                  struct arena *, struct traceline *) = {
        read_goroutine, read_heading, read_lldb,     read_valgrind, read_go,       read_rust_place,
        read_java,      read_glog,    read_numbered, read_column,   read_backtrace};
    enum traceline_kind kind = TRACELINE_OTHER;

    for (size_t i = 0; i < ARRAY_SIZE(formats) && kind == TRACELINE_OTHER; i++) {
        *ret = (struct traceline){.numbered = false};
        kind = formats[i](line, state, a, ret);
    }
    return kind;
}
