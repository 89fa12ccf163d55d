/* SPDX-License-Identifier: Apache-2.0 */
/* Parts are taken from the end of the text as long as they are known; what is left is the name. */
#include <limits.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/limits.h"
#include "workerd/grouping/frametext.h"
#include "workerd/grouping/slice.h"

#define PARTS_MAX 8 /* behind a name */

/* --- Names and places --- */

bool function_is_unknown(struct str name)
{
    static const char *const words[] = {"??",
                                        "???",
                                        "n/a",
                                        "<unknown>",
                                        "(unknown)",
                                        "unknown",
                                        "<null>",
                                        "[unknown]",
                                        "unknown()",
                                        "(null)",
                                        "<unknown function>",
                                        "<unknown module>",
                                        "<unresolved>"};

    if (name.n == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (str_eq(name, str_from(words[i])))
            return true;
    }
    return false;
}

static struct str last_component(struct str path)
{
    size_t n = path.n;

    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return after(path, n);
}

bool path_names_library(struct str path)
{
    struct str name = last_component(path);
    struct str rest = behind(name, STR(".so"));

    return str_find(name, STR(".so")) > 0 && (rest.n == 0 || *rest.p == '.');
}

/* The text before a ":NUMBER" at its end, and the number. */
static bool cut_number(struct str *s, uint64_t *ret)
{
    size_t n = s->n;

    while (n > 0 && s->p[n - 1] >= '0' && s->p[n - 1] <= '9')
        n--;
    if (n == s->n || n < 2 || s->p[n - 1] != ':')
        return false;
    *ret = leading_number(after(*s, n));
    s->n = n - 1;
    return true;
}

bool place_parse(struct str text, struct arena *a, struct frame *f)
{
    uint64_t line = 0, inner;

    if (cut_number(&text, &line)) {
        if (cut_number(&text, &inner)) /* the first number was the column */
            line = inner;
    } else if (path_names_library(text)) {
        f->module = arena_strndup(a, text.p, text.n);
        return true;
    } else if (str_ends(text, STR(":?"))) {
        text.n -= 2;
    } else {
        return false;
    }
    if (str_starts(text, STR("??")))
        return true;
    f->line = line <= UINT_MAX ? (unsigned)line : 0;
    f->file = arena_strndup(a, text.p, text.n);
    return true;
}

/* --- Parts behind the name --- */

/* The group in brackets that s ends with: where it opens, and what is inside. */
static bool last_group(struct str s, char open, char close, size_t *ret_at, struct str *ret)
{
    size_t depth = 0;

    if (s.n < 2 || s.p[s.n - 1] != close)
        return false;
    for (size_t i = s.n; i-- > 0;) {
        depth += s.p[i] == close;
        depth -= s.p[i] == open;
        if (depth == 0) {
            *ret_at = i;
            *ret = (struct str){s.p + i + 1, s.n - i - 2};
            return true;
        }
    }
    return false;
}

static bool is_hex(struct str s)
{
    uint64_t value;

    return str_starts(s, STR("0x")) && str_hex_to_u64(after(s, 2), UINT64_MAX, &value) == 0;
}

/* "MODULE+0xOFFSET", blanks around the plus or not. */
static bool read_module(struct str s, struct arena *a, struct frame *f)
{
    size_t n = s.n;
    struct str module;

    while (n > 0 && s.p[n - 1] != '+')
        n--;
    if (n == 0 || !is_hex(str_trim(after(s, n))))
        return false;
    module = str_trim((struct str){s.p, n - 1});
    str_hex_to_u64(after(str_trim(after(s, n)), 2), UINT64_MAX, &f->offset);
    if (module.n > 0 && !f->module && !function_is_unknown(module))
        f->module = arena_strndup(a, module.p, module.n);
    return true;
}

static bool read_build_id(struct str s, struct arena *a, struct frame *f)
{
    char *id;

    if (!str_starts(s, STR("BuildId: ")))
        return false;
    s = str_trim(after(s, strlen("BuildId: ")));
    id = arena_strndup(a, s.p, s.n);
    for (char *p = id; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p + 'a' - 'A' : *p);
    if (hex_valid(str_from(id), BUILD_ID_TEXT_SIZE - 1))
        f->build_id = id;
    return true;
}

static bool has_blank(struct str s)
{
    return until(s, " \t").n < s.n;
}

/* "(…)" behind a blank. */
static bool read_round(struct str s, struct arena *a, struct frame *f)
{
    if (read_build_id(s, a, f) || read_module(s, a, f) || str_starts(s, STR("discriminator ")) ||
        str_starts(s, STR("inlined")) || str_eq(s, STR("unknown")))
        return true;
    if (has_blank(s) || s.n == 0)
        return str_find(s, STR(" (discriminator")) > 0 && place_parse(until(s, " "), a, f);
    if (place_parse(s, a, f))
        return true;
    if (f->module || !f->pc)
        return false;
    f->module = arena_strndup(a, s.p, s.n); /* systemd-coredump of a library without an offset */
    return true;
}

/* "[…]" */
static bool read_square(struct str s, struct arena *a, struct frame *f)
{
    struct str file = str_trim(until(s, ":"));

    if (is_hex(s)) {
        str_hex_to_u64(after(s, 2), UINT64_MAX, &f->pc);
        return true;
    }
    if (str_find(s, STR(" : ")) > 0) { /* minidump_stackwalk's "run_loop.cc : 124 + 0x13" */
        f->file = arena_strndup(a, file.p, file.n);
        f->line = (unsigned)(leading_number(behind(s, STR(" : "))) & INT_MAX);
        return true;
    }
    if (place_parse(s, a, f))
        return true;
    if (has_blank(s) || s.n == 0 || str_find(s, STR("abi:")) == 0 || str_find(s, STR("clone")) == 0)
        return false;
    f->module = arena_strndup(a, s.p, s.n); /* node's "[/usr/bin/node]" */
    return true;
}

/* "+ 56" and "in libc.so.6": the distance in decimals, and Swift's module. */
static bool cut_distance(struct str *s, struct arena *a, struct frame *f)
{
    size_t n = s->n;

    while (n > 0 && s->p[n - 1] != ' ')
        n--;
    if (n < 4)
        return false;
    if (s->p[n - 2] == '+' && (leading_digits(after(*s, n)) == s->n - n || is_hex(after(*s, n)))) {
        s->n = n - 2;
        return true;
    }
    if (memcmp(s->p + n - 4, " in ", 4) == 0 && path_names_library(after(*s, n))) {
        f->module = arena_strndup(a, s->p + n, s->n - n);
        s->n = n - 4;
        return true;
    }
    return false;
}

static bool cut_place(struct str *s, struct arena *a, struct frame *f)
{
    size_t n = s->n;

    while (n > 0 && s->p[n - 1] != ' ' && s->p[n - 1] != '\t')
        n--;
    if (n == s->n || !place_parse(after(*s, n), a, f)) {
        if (!str_eq(after(*s, n), STR("<null>")))
            return false;
    }
    s->n = n;
    *s = str_trim(*s);
    if (str_ends(*s, STR(" at")))
        s->n -= 3;
    return true;
}

static bool cut_part(struct str *s, struct arena *a, struct frame *f)
{
    struct str inside;
    size_t at;

    if (last_group(*s, '(', ')', &at, &inside) && (at == 0 || s->p[at - 1] == ' ') &&
        read_round(str_trim(inside), a, f)) {
        s->n = at;
        return true;
    }
    if (last_group(*s, '[', ']', &at, &inside) && read_square(str_trim(inside), a, f)) {
        s->n = at;
        return true;
    }
    return cut_distance(s, a, f) || cut_place(s, a, f);
}

/* --- backtrace_symbols() --- */

/* A title that a process gave itself stands where the path was: "/usr/bin/server *:6379 [x]". */
static struct str path_of_title(struct str s)
{
    size_t from = s.n;
    struct str word;

    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] == '/' && (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
            from = i;
        if (from < s.n)
            break;
    }
    word = until(from < s.n ? after(s, from) : s, " \t");
    return word;
}

/* "MODULE(NAME+0xOFFSET)", "MODULE()", "(NAME()+0xOFFSET)", "MODULE : NAME+0xOFFSET" or "MODULE".
 */
static void read_backtrace_symbol(struct str s, struct arena *a, struct frame *f)
{
    struct str inside = behind(s, STR(" : ")), module = s, name;
    uint64_t offset = 0;
    size_t at = 0, n;

    if (inside.n > 0)
        module = until(s, " ");
    else if (last_group(s, '(', ')', &at, &inside))
        module = str_trim((struct str){s.p, at});
    module = path_of_title(module);
    if (module.n > 0)
        f->module = arena_strndup(a, module.p, module.n);
    for (n = inside.n; n > 0 && inside.p[n - 1] != '+';)
        n--;
    name = n > 0 ? (struct str){inside.p, n - 1} : inside;
    if (n > 0 && is_hex(after(inside, n)))
        str_hex_to_u64(after(inside, n + 2), UINT64_MAX, &offset);
    if (str_eq(name, STR("()"))) /* ceph */
        name.n = 0;
    if (!function_is_unknown(name))
        f->function = arena_strndup(a, name.p, name.n);
    else if (!f->offset)
        f->offset = offset;
}

/* Does the text, whose address has been cut, look as backtrace_symbols() wrote it? */
static bool is_backtrace_symbol(struct str s)
{
    struct str inside;
    size_t at;

    if (s.n > 0 && *s.p == '/' && str_find(s, STR(" : ")) > 0)
        return str_find(s, STR("+0x")) > 0 && !str_ends(s, STR("]"));
    if (last_group(s, '(', ')', &at, &inside)) {
        ptrdiff_t plus = str_find(inside, STR("+0x"));

        if (plus >= 0)
            return at == 0 ? str_find(inside, STR(")+0x")) >= 0 : s.p[at - 1] != ' ';
        return inside.n == 0 && at > 0 && (*s.p == '/' || *s.p == '.' || !has_blank(s)) &&
               str_find(s, STR("::")) < 0;
    }
    return s.n > 0 && *s.p == '/' && until(s, " ([").n == s.n;
}

/* --- The whole --- */

static struct str read_head(struct str s, struct frame *f, bool *ret_in)
{
    struct str hex;

    *ret_in = false;
    if (str_starts(s, STR("| ")))
        s = str_trim(after(s, 2));
    if (str_starts(s, STR("pc "))) { /* Android's tombstones: an offset */
        hex = until(str_trim(after(s, 3)), " \t");
        str_hex_to_u64(hex, UINT64_MAX, &f->offset);
        return str_trim(after(s, (size_t)(hex.p - s.p) + hex.n));
    }
    if (!str_starts(s, STR("0x")))
        return s;
    hex = until(after(s, 2), " \t");
    str_hex_to_u64(hex, UINT64_MAX, &f->pc);
    s = str_trim(after(s, 2 + hex.n));
    if (str_starts(s, STR("[ra] ")) || str_starts(s, STR("- ")))
        s = str_trim(behind(s, STR(" ")));
    *ret_in = str_starts(s, STR("in ")) || str_eq(s, STR("in"));
    return *ret_in ? str_trim(after(s, 2)) : s;
}

static void read_tombstone(struct str s, struct arena *a, struct frame *f)
{
    struct str module = until(s, " \t"), name = str_trim(after(s, module.n)), inside;
    size_t at;

    f->module = arena_strndup(a, module.p, module.n);
    if (last_group(name, '(', ')', &at, &inside) && read_build_id(inside, a, f))
        name = str_trim((struct str){name.p, at});
    if (last_group(name, '(', ')', &at, &inside) && at == 0) {
        size_t n = inside.n;

        while (n > 0 && inside.p[n - 1] != '+')
            n--;
        f->function = arena_strndup(a, inside.p, n > 0 ? n - 1 : inside.n);
    }
}

void symbolized_parse(struct str text, struct arena *a, struct frame *ret)
{
    bool in, tombstone;
    struct str s;

    *ret = (struct frame){.line = 0};
    text = str_trim(text);
    tombstone = str_starts(text, STR("pc "));
    s = read_head(text, ret, &in);
    if (tombstone) {
        read_tombstone(s, a, ret);
        return;
    }
    for (unsigned i = 0; i < PARTS_MAX && !is_backtrace_symbol(s) && cut_part(&s, a, ret); i++)
        s = str_trim(s);
    if (is_backtrace_symbol(s) && !in)
        read_backtrace_symbol(s, a, ret);
    else if (!function_is_unknown(s))
        ret->function = arena_strndup(a, s.p, s.n);
}

/* The part at the text's end is one that gdb never writes. */
static bool ends_symbolized(struct str s)
{
    struct str inside, module, hex;
    uint64_t line;
    size_t at;

    if (last_group(s, '[', ']', &at, &inside) && is_hex(inside))
        return true;
    if (!last_group(s, '(', ')', &at, &inside) || (at > 0 && s.p[at - 1] != ' '))
        return false;
    if (until(inside, " =,").n == inside.n && cut_number(&inside, &line))
        return true;
    module = until(inside, "+");
    hex = str_trim(module.n < inside.n ? after(inside, module.n + 1) : inside);
    return str_starts(inside, STR("BuildId: ")) || (module.n < inside.n && is_hex(hex)) ||
           (until(inside, " =").n == inside.n && until(inside, "/").n < inside.n);
}

/* "NAME FILE:LINE:COLUMN", which gdb writes with "at" before. */
static bool ends_placed(struct str s)
{
    size_t n = s.n;
    struct str word;
    uint64_t number;

    while (n > 0 && s.p[n - 1] != ' ')
        n--;
    word = after(s, n);
    return n > 0 && (cut_number(&word, &number) || str_eq(word, STR("<null>"))) &&
           !str_ends(str_trim((struct str){s.p, n}), STR(" at"));
}

bool symbolized_is(struct str text)
{
    struct frame f = {.line = 0};
    bool in, placed;
    struct str s = read_head(str_trim(text), &f, &in);

    if (str_starts(text, STR("| ")) || str_starts(text, STR("pc ")) || ends_symbolized(s))
        return true;
    if (str_starts(text, STR("0x")) && !in)
        return s.n > 0 && *s.p != '<' ? true : function_is_unknown(s);
    return gdbframe_is_open(s, &placed) && !placed && ends_placed(s);
}
