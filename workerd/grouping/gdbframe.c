/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments are found first, for what stands before them is the name, and what stands behind
 * them the place. Values in quotes may hold brackets, so groups are closed with quotes in mind. */
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/frametext.h"
#include "workerd/grouping/slice.h"

#define CANDIDATES_MAX 32 /* brackets that are tried: bounds the work on a hostile line */

/* --- Bits of text --- */

static char *copy(struct arena *a, struct str s)
{
    return arena_strndup(a, s.p, s.n);
}

/* --- The arguments' group --- */

/* The position after a value in quotes at i, or the end. */
static size_t skip_quotes(struct str s, size_t i)
{
    char quote = s.p[i++];

    for (; i < s.n && s.p[i] != quote; i++)
        i += s.p[i] == '\\';
    return i < s.n ? i + 1 : s.n;
}

/* The position after the group that opens at i; 0 when it does not close. */
static size_t close_group(struct str s, size_t i)
{
    size_t depth = 0;

    while (i < s.n) {
        char c = s.p[i];

        if (c == '"' || (c == '\'' && i + 2 < s.n && (s.p[i + 2] == '\'' || s.p[i + 1] == '\\'))) {
            i = skip_quotes(s, i);
            continue;
        }
        depth += c == '(';
        depth -= c == ')';
        i++;
        if (depth == 0)
            return i;
    }
    return 0;
}

static bool ends_name(struct str rest)
{
    rest = str_trim(rest);
    return rest.n == 0 || str_starts(rest, STR("at ")) || str_starts(rest, STR("from ")) ||
           str_starts(rest, STR("["));
}

/* Where the arguments open and what follows them; false when there are none. */
static bool find_arguments(struct str s, size_t *ret_open, size_t *ret_end)
{
    unsigned tried = 0;

    for (size_t i = 0; i + 1 < s.n && tried < CANDIDATES_MAX; i++) {
        size_t end;

        if (s.p[i] != ' ' || s.p[i + 1] != '(')
            continue;
        tried++;
        end = close_group(s, i + 1);
        if (end > 0 && ends_name(after(s, end))) {
            *ret_open = i;
            *ret_end = end;
            return true;
        }
    }
    return false;
}

bool gdbframe_is_open(struct str text, bool *ret_placed)
{
    size_t open, end;

    *ret_placed = false;
    if (str_starts(text, STR("<signal")))
        return false;
    if (!find_arguments(text, &open, &end))
        return true;
    *ret_placed = end == text.n;
    return *ret_placed;
}

/* --- What functions that report were told --- */

/* The text of an argument "assertion=0x55… "n > 0"", or NULL. */
static const char *argument(struct arena *a, struct str arguments, const char *name)
{
    struct str s = behind(arguments, str_from(name));
    struct str value = until(s, "\",)");
    size_t end;

    if (s.n == 0 || value.n == s.n || s.p[value.n] != '"')
        return NULL;
    s = after(s, value.n);
    end = skip_quotes(s, 0);
    return end > 2 ? copy(a, (struct str){s.p + 1, end - 2}) : NULL;
}

static const char *find_message(struct arena *a, const char *function, struct str arguments)
{
    static const struct {
        const char *function, *argument, *format;
    } rows[] = {
        {"__assert_fail", "assertion=", "Assertion `%s' failed."},
        {"g_assertion_message", "message=", "%s"},
        {"malloc_printerr", "str=", "%s"},
        {"__fortify_fail", "msg=", "*** %s ***"},
        {"g_assertion_message_expr", "expr=", "assertion failed: (%s)"},
        {"__malloc_assert", "assertion=", "malloc.c: Assertion `%s' failed."},
        {"qt_assert", "assertion=", "ASSERT: \"%s\" in"},
        {"log_assert_failed", "text=", "Assertion '%s' failed"},
        {"ExceptionalCondition", "conditionName=", "Failed assertion: %s"},
        {"ut_dbg_assertion_failed", "expr=", "Failed assertion: %s"},
        {"MOZ_Crash", "aReason=", "%s"},
        {"serverAssert", "estr=", "Assertion `%s' failed."},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *value =
            strstr(function, rows[i].function) ? argument(a, arguments, rows[i].argument) : NULL;
        const char *mark = strstr(rows[i].format, "%s");

        if (value)
            return arena_printf(a, "%.*s%s%s", (int)(mark - rows[i].format), rows[i].format, value,
                                mark + 2);
    }
    return NULL;
}

/* "(signum=11, …": the first argument of whoever handles a signal is the signal. */
static int64_t first_argument(struct str arguments)
{
    struct str value = until(arguments, ",)"), rest;

    while ((rest = behind(value, STR("="))).n > 0) /* "sig=sig@entry=11" */
        value = rest;
    return leading_digits(value) > 0 ? (int64_t)(leading_number(value) & INT32_MAX) : 0;
}

/* --- The frame --- */

static void read_place(struct arena *a, struct str s, struct frame *f)
{
    struct str at = str_starts(s, STR("at ")) ? after(s, 3) : behind(s, STR(" at "));
    struct str from = str_starts(s, STR("from ")) ? after(s, 5) : behind(s, STR(" from "));

    if (from.n > 0)
        f->module = copy(a, until(str_trim(from), " \t+")); /* "libx.so+0x12": of the function */
    at = until(str_trim(at), " \t");
    if (at.n > 0 && !place_parse(at, a, f))
        f->file = copy(a, at);
}

static struct str read_address(struct str s, struct frame *f)
{
    struct str hex;

    if (!str_starts(s, STR("0x")))
        return s;
    hex = until(after(s, 2), " \t");
    str_hex_to_u64(hex, UINT64_MAX, &f->pc);
    s = str_trim(after(s, 2 + hex.n));
    return str_starts(s, STR("in ")) ? after(s, 2) : s;
}

static void read_function(struct arena *a, struct str name, struct str arguments,
                          struct frametext *ret)
{
    name = str_trim(name);
    while (name.n > 0 && *name.p == '*') /* "*__GI_abort": gdb's mark of several symbols */
        name = after(name, 1);
    if (function_is_unknown(name))
        return;
    ret->frame.function = copy(a, name);
    ret->message = find_message(a, ret->frame.function, arguments);
}

void gdbframe_parse(struct str text, struct arena *a, struct frametext *ret)
{
    size_t open = 0, end = 0;
    struct str s;

    *ret = (struct frametext){.argument = 0};
    s = read_address(str_trim(text), &ret->frame); /* " NAME", " (": the name may be empty */
    if (str_starts(str_trim(s), STR("<signal handler called>"))) {
        ret->frame.signal = true;
        ret->frame.function = "<signal handler called>";
        return;
    }
    if (find_arguments(s, &open, &end)) {
        struct str arguments = {s.p + open, end - open};

        ret->argument = first_argument(arguments);
        read_function(a, (struct str){s.p, open}, arguments, ret);
        read_place(a, str_trim(after(s, end)), &ret->frame);
        return;
    }
    end = until(s, "(").n;
    read_function(a, (struct str){s.p, end}, (struct str){"", 0}, ret);
    read_place(a, after(s, end), &ret->frame);
}
