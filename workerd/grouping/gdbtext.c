/* SPDX-License-Identifier: Apache-2.0 */
/* Line by line. A line that begins with # and a number opens a frame, lines that are needed to
 * close its brackets or that begin with "at" or "from" belong to it. A frame's text is
 *
 *     0xADDRESS in NAME (ARGUMENTS) at FILE:LINE from LIBRARY
 *
 * each part but the name may be missing. The name may hold blanks and brackets; its end is the
 * first " (" whose group is followed by nothing, " at " or " from ". Numbers that fall open a new
 * stack. */
#include "workerd/grouping/gdbtext.h"

#include <limits.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/report/signals.h"

#define SIGNAL_MAX 64

struct stack_text {
    struct frame *frames;
    size_t n, capacity;
    bool headed;     /* it stands below a thread's heading */
    bool marked;     /* something says that it is the one that crashed */
    int64_t thread;  /* gdb's number, or 0 */
    int64_t handled; /* the signal that a handler was called for, or 0 */
};

struct parse {
    struct arena *arena;
    struct buf frame; /* text of the frame that is being read; empty: none */
    unsigned lines;   /* that it stands on */
    uint64_t number, last_number;
    struct stack_text stack, best;
    bool has_best;
    int64_t current;  /* thread that is said to be current, or 0 */
    int64_t argument; /* the first of the last frame, when it is a small number */
    struct crash_stack out;
};

/* --- Bits of text --- */

static struct str after(struct str s, size_t n)
{
    return (struct str){s.p + n, s.n - n};
}

static size_t digits(struct str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

static uint64_t number_at(struct str s)
{
    uint64_t value = 0;

    str_to_u64((struct str){s.p, digits(s)}, UINT64_MAX, &value);
    return value;
}

static char *copy(struct parse *p, struct str s)
{
    return arena_strndup(p->arena, s.p, s.n);
}

/* The part of s behind the text, or the empty slice. */
static struct str behind(struct str s, struct str text)
{
    ptrdiff_t at = str_find(s, text);

    return at < 0 ? (struct str){"", 0} : after(s, (size_t)at + text.n);
}

static struct str until(struct str s, const char *stops)
{
    size_t n = 0;

    while (n < s.n && s.p[n] && !strchr(stops, s.p[n]))
        n++;
    return (struct str){s.p, n};
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

#define CANDIDATES_MAX  32 /* brackets that are tried: bounds the work on a hostile line */
#define FRAME_LINES_MAX 40

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

/* --- A frame --- */

static void read_place(struct parse *p, struct str s, struct frame *f)
{
    struct str at = str_starts(s, STR("at ")) ? after(s, 3) : behind(s, STR(" at "));
    struct str from = str_starts(s, STR("from ")) ? after(s, 5) : behind(s, STR(" from "));
    ptrdiff_t colon = -1;

    if (from.n > 0)
        f->module = copy(p, until(str_trim(from), " \t"));
    if (at.n == 0)
        return;
    at = until(str_trim(at), " \t");
    for (size_t i = at.n; i-- > 0 && colon < 0;)
        colon = at.p[i] == ':' ? (ptrdiff_t)i : -1;
    if (colon > 0) {
        uint64_t line = number_at(after(at, (size_t)colon + 1));

        f->line = line <= UINT_MAX ? (unsigned)line : 0;
        at.n = (size_t)colon;
    }
    f->file = at.n > 0 ? copy(p, at) : NULL;
}

static struct str read_address(struct str s, struct frame *f)
{
    struct str hex;

    if (!str_starts(s, STR("0x")))
        return s;
    hex = until(after(s, 2), " \t");
    str_hex_to_u64(hex, UINT64_MAX, &f->pc);
    s = str_trim(after(s, 2 + hex.n));
    return str_starts(s, STR("in ")) ? str_trim(after(s, 3)) : s;
}

/* The text of an argument "assertion=0x55… "n > 0"", or NULL. */
static const char *argument(struct parse *p, struct str arguments, const char *name)
{
    struct str s = behind(arguments, str_from(name));
    struct str value = until(s, "\",)");
    size_t end;

    if (s.n == 0 || value.n == s.n || s.p[value.n] != '"')
        return NULL;
    s = after(s, value.n);
    end = skip_quotes(s, 0);
    return end > 2 ? copy(p, (struct str){s.p + 1, end - 2}) : NULL;
}

/* What a reporting function was told, when nothing else has the message. */
static void read_message(struct parse *p, const char *name, struct str arguments)
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

    for (size_t i = 0; i < ARRAY_SIZE(rows) && !p->out.message; i++) {
        const char *value =
            strstr(name, rows[i].function) ? argument(p, arguments, rows[i].argument) : NULL;
        const char *mark = strstr(rows[i].format, "%s");

        if (value)
            p->out.message = arena_printf(p->arena, "%.*s%s%s", (int)(mark - rows[i].format),
                                          rows[i].format, value, mark + 2);
    }
}

/* "(signum=11, …": the first argument of whoever handles a signal is the signal. */
static void read_argument(struct parse *p, struct str arguments)
{
    struct str value = until(arguments, ",)"), rest;

    while ((rest = behind(value, STR("="))).n > 0) /* "sig=sig@entry=11" */
        value = rest;
    p->argument = digits(value) > 0 ? (int64_t)(number_at(value) & INT32_MAX) : 0;
}

static void read_function(struct parse *p, struct str name, struct str arguments, struct frame *f)
{
    name = str_trim(name);
    while (name.n > 0 && *name.p == '*') /* "*__GI_abort": gdb's mark of several symbols */
        name = after(name, 1);
    if (name.n == 0 || str_eq(name, STR("??")))
        return;
    f->function = copy(p, name);
    read_message(p, f->function, arguments);
}

static void parse_frame(struct parse *p, struct str s, struct frame *f)
{
    size_t open = 0, end = 0;

    s = read_address(str_trim(s), f);
    if (str_starts(s, STR("<signal handler called>"))) {
        f->signal = true;
        f->function = "<signal handler called>";
        p->stack.marked = true;
        p->stack.handled = p->stack.handled ? p->stack.handled : p->argument;
        return;
    }
    p->argument = 0;
    if (find_arguments(s, &open, &end)) {
        read_argument(p, (struct str){s.p + open, end - open});
        read_function(p, (struct str){s.p, open}, (struct str){s.p + open, end - open}, f);
        read_place(p, str_trim(after(s, end)), f);
        return;
    }
    end = until(s, "(").n;
    read_function(p, (struct str){s.p, end}, (struct str){"", 0}, f);
    read_place(p, after(s, end), f);
}

/* --- Stacks --- */

/* By what tells that this is the thread that crashed; the first of equals. */
static int rank(const struct parse *p, const struct stack_text *s)
{
    if (s->n == 0)
        return 0;
    if (!s->headed)
        return 6;
    if (s->marked)
        return 5;
    if (p->current != 0 && s->thread == p->current)
        return 4;
    return s->thread == 1 ? 3 : 2;
}

static void end_stack(struct parse *p)
{
    if (!p->has_best || rank(p, &p->stack) > rank(p, &p->best)) {
        p->best = p->stack;
        p->has_best = p->stack.n > 0;
    }
    p->stack = (struct stack_text){.headed = p->stack.headed};
    p->argument = 0;
    p->last_number = 0;
}

static struct frame *next_frame(struct parse *p)
{
    struct stack_text *s = &p->stack;

    if (s->n == GDBTEXT_FRAMES_MAX)
        return NULL;
    if (s->n == s->capacity) {
        struct frame *larger;

        s->capacity = s->capacity ? 2 * s->capacity : 32;
        larger = arena_array(p->arena, struct frame, s->capacity);
        if (s->n > 0)
            memcpy(larger, s->frames, s->n * sizeof(*larger));
        s->frames = larger;
    }
    return &s->frames[s->n++];
}

static void end_frame(struct parse *p)
{
    struct str text = {buf_text(&p->frame), p->frame.len};
    struct frame *f;

    if (p->frame.len == 0)
        return;
    if (p->stack.n > 0 && p->number <= p->last_number)
        end_stack(p);
    f = next_frame(p);
    if (f)
        parse_frame(p, text, f);
    p->last_number = p->number;
    buf_clear(&p->frame);
}

/* --- Lines --- */

/* "#12 …": the number, and the text behind it. */
static bool opens_frame(struct str line, uint64_t *ret_number, struct str *ret_text)
{
    size_t n;

    if (line.n < 3 || line.p[0] != '#')
        return false;
    n = digits(after(line, 1));
    if (n == 0 || n > 6 || n + 1 >= line.n || (line.p[n + 1] != ' ' && line.p[n + 1] != '\t'))
        return false;
    *ret_number = number_at(after(line, 1));
    *ret_text = str_trim(after(line, n + 1));
    return true;
}

/* Does the frame that is being read go on in this line? */
static bool continues(const struct parse *p, struct str line)
{
    struct str text = {buf_text(&p->frame), p->frame.len};
    size_t open, end;

    if (text.n == 0 || text.n + line.n >= GDBTEXT_FRAME_MAX || line.n == 0 ||
        p->lines >= FRAME_LINES_MAX || str_starts(text, STR("<signal")))
        return false;
    if (!find_arguments(text, &open, &end))
        return true;
    return end == text.n && (str_starts(line, STR("at ")) || str_starts(line, STR("from ")));
}

static void read_signal(struct parse *p, struct str line)
{
    static const char *const words[][2] = {
        {"Segmentation fault", "SIGSEGV"},
        {"Aborted", "SIGABRT"},
        {"Bus error", "SIGBUS"},
        {"Floating point exception", "SIGFPE"},
        {"Arithmetic exception", "SIGFPE"},
        {"Illegal instruction", "SIGILL"},
        {"Trace/breakpoint trap", "SIGTRAP"},
    };
    struct str name = until(behind(line, STR("signal ")), " ,.\t");

    if (p->out.signal != 0)
        return;
    if (name.n > 0 && name.n < 12 && signal_parse(copy(p, name), &p->out.signal) == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (str_find(line, str_from(words[i][0])) >= 0)
            signal_parse(words[i][1], &p->out.signal);
    }
}

/* "Thread 3 (Thread 0x7f… (LWP 12)):" */
static void begin_thread(struct parse *p, struct str line)
{
    end_stack(p);
    p->stack.headed = true;
    p->stack.thread = (int64_t)(number_at(after(line, strlen("Thread "))) & INT32_MAX);
    p->stack.marked = str_find(line, STR("crashed")) >= 0;
}

static bool is_heading(struct str line)
{
    return str_starts(line, STR("Thread ")) && digits(after(line, 7)) > 0 &&
           str_find(line, STR(" (")) > 0 && str_find(line, STR("received signal")) < 0;
}

static void read_other(struct parse *p, struct str line)
{
    static const char *const messages[] = {
        "Assertion `",         "terminate called",        "panicked at",    "AddressSanitizer: ",
        "pure virtual method", "stack smashing detected", "Check failed: ", "assert failure: "};
    struct str generated = behind(line, STR("Core was generated by `"));
    struct str current = behind(line, STR("urrent thread is "));

    if (is_heading(line))
        begin_thread(p, line);
    else if (str_find(line, STR("KCrash Handler")) >= 0)
        p->stack.marked = true;
    else if (current.n > 0)
        p->current = (int64_t)(number_at(current) & INT32_MAX);
    else if (generated.n > 0 && !p->out.executable)
        p->out.executable = copy(p, until(generated, " '"));
    else if (str_find(line, STR("signal")) >= 0)
        read_signal(p, line);
    for (size_t i = 0; i < ARRAY_SIZE(messages) && !p->out.message; i++) {
        if (str_find(line, str_from(messages[i])) >= 0)
            p->out.message = copy(p, line);
    }
}

static bool ends_stack(struct str line)
{
    return str_starts(line, STR("(More stack frames follow")) ||
           str_starts(line, STR("Backtrace stopped"));
}

static void read_line(struct parse *p, struct str line)
{
    struct str text;
    uint64_t number;

    if (opens_frame(line, &number, &text)) {
        end_frame(p);
        p->number = number;
        p->lines = 1;
        if (text.n <= GDBTEXT_FRAME_MAX)
            buf_add(&p->frame, text.p, text.n);
    } else if (!is_heading(line) && !ends_stack(line) && continues(p, line)) {
        buf_addc(&p->frame, ' ');
        buf_add(&p->frame, line.p, line.n);
        p->lines++;
    } else {
        end_frame(p);
        read_other(p, line);
    }
}

void gdbtext_parse(struct str text, struct arena *a, struct crash_stack *ret)
{
    struct parse p = {.arena = a, .frame = BUF_INIT(GDBTEXT_FRAME_MAX)};
    struct str line;

    while (str_split(&text, '\n', &line))
        read_line(&p, str_trim(line));
    end_frame(&p);
    end_stack(&p);
    p.out.frames = p.best.frames;
    p.out.n_frames = p.best.n;
    p.out.handled = p.best.handled <= SIGNAL_MAX ? p.best.handled : 0;
    buf_fini(&p.frame);
    *ret = p.out;
}
