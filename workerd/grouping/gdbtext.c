/* SPDX-License-Identifier: Apache-2.0 */
/* Line by line. A line that begins with # and a number opens a frame; of gdb's, lines that are
 * needed to close its brackets or that begin with "at" or "from" belong to it. Numbers that fall
 * open a new stack, and so do headings. Frames of other programs stand on one line. */
#include "workerd/grouping/gdbtext.h"

#include <limits.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/report/signals.h"
#include "workerd/grouping/frametext.h"
#include "workerd/grouping/slice.h"
#include "workerd/grouping/textline.h"
#include "workerd/grouping/traceline.h"

#define SIGNAL_MAX      64
#define FRAME_LINES_MAX 40
#define PREFIX_MAX      160 /* bytes that a log writes before a frame */

struct stack_text {
    struct frame *frames;
    size_t n, capacity;
    bool headed;     /* it stands below a thread's heading */
    bool marked;     /* something says that it is the one that crashed */
    bool trampoline; /* it was interrupted by a signal */
    bool minor;      /* other stacks say more */
    bool traced;     /* a line said that a trace follows */
    bool go;         /* of a goroutine */
    bool gdb;        /* its frames are gdb's */
    int64_t thread;  /* gdb's number, or 0 */
    int64_t process; /* its LWP, or 0 */
    int64_t handled; /* the signal that a handler was called for, or 0 */
};

struct parse {
    struct arena *arena;
    struct buf frame; /* text of the frame that is being read; empty: none */
    unsigned lines;   /* that it stands on */
    uint64_t number, last_number;
    struct stack_text stack, best;
    bool has_best;
    int64_t current, current_process; /* thread that is said to be current, or 0 */
    struct frame alone;               /* the one frame that gdb shows of a core */
    bool has_alone;
    bool stopped;     /* gdb said why: the current thread is the one that crashed */
    int64_t argument; /* the first of the last frame, when it is a small number */
    struct crash_stack out;
};

static char *copy(struct parse *p, struct str s)
{
    return arena_strndup(p->arena, s.p, s.n);
}

/* --- Stacks --- */

static bool is_same_frame(const struct frame *a, const struct frame *b)
{
    if (a->pc != b->pc || !a->function != !b->function)
        return false;
    return a->function ? strcmp(a->function, b->function) == 0 : a->pc != 0;
}

/* Threads that are not current wait; one that does not, aborted. */
static bool aborts(const struct frame *f)
{
    static const char *const names[] = {"raise", "gsignal", "abort", "pthread_kill", "tgkill"};

    for (size_t i = 0; f->function && i < ARRAY_SIZE(names); i++) {
        if (strstr(f->function, names[i]))
            return true;
    }
    return false;
}

static bool is_current(const struct parse *p, const struct stack_text *s)
{
    if (p->current_process != 0 && s->process != 0)
        return s->process == p->current_process;
    return p->current != 0 && s->thread == p->current;
}

/* By what tells that this is the thread that crashed; the first of equals. */
static int rank(const struct parse *p, const struct stack_text *s)
{
    if (s->n == 0)
        return 0;
    if (s->minor)
        return 1;
    if (!s->headed)
        return s->n == 1 && !s->marked ? 2 : s->gdb ? 11 : s->marked ? 10 : 9;
    if (s->marked)
        return 8;
    if (is_current(p, s) || (p->has_alone && is_same_frame(&p->alone, &s->frames[0])))
        return p->stopped ? 7 : 5;
    if (s->trampoline)
        return 6;
    if (aborts(&s->frames[0]))
        return p->stopped ? 5 : 6;
    return s->thread == 1 ? 4 : 3;
}

/* The next stack has no heading of its own yet: the last one's counts on. */
static void end_stack(struct parse *p)
{
    struct stack_text *s = &p->stack;

    if (s->gdb && !s->headed && s->n == 1 && !p->has_alone) {
        p->alone = s->frames[0];
        p->has_alone = true;
    }
    if (!p->has_best || rank(p, s) > rank(p, &p->best)) {
        p->best = *s;
        p->has_best = s->n > 0;
    }
    p->stack = (struct stack_text){.headed = s->headed, .minor = s->minor && s->n == 0};
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

/* A frame with this number follows: is it the next stack's? */
static void begin_frame(struct parse *p, uint64_t number)
{
    if (p->stack.n > 0 && number <= p->last_number)
        end_stack(p);
    p->last_number = number;
}

static void add_gdb_frame(struct parse *p, struct str text, struct frame *f)
{
    struct frametext parsed;

    gdbframe_parse(text, p->arena, &parsed);
    *f = parsed.frame;
    if (parsed.message && !p->out.message)
        p->out.message = parsed.message;
    if (f->signal) {
        p->stack.trampoline = true;
        p->stack.handled = p->stack.handled ? p->stack.handled : p->argument;
        return;
    }
    p->argument = parsed.argument;
}

static void end_frame(struct parse *p)
{
    struct str text = {buf_text(&p->frame), p->frame.len};
    struct frame *f;

    if (p->frame.len == 0)
        return;
    begin_frame(p, p->number);
    f = next_frame(p);
    if (f && symbolized_is(text)) {
        symbolized_parse(text, p->arena, f);
    } else if (f) {
        p->stack.gdb = true;
        add_gdb_frame(p, text, f);
    }
    buf_clear(&p->frame);
}

/* --- Lines --- */

/* "#12 …": the number, and the text behind it. */
static bool opens_frame(struct str line, uint64_t *ret_number, struct str *ret_text)
{
    size_t n;

    if (line.n < 3 || line.p[0] != '#')
        return false;
    n = leading_digits(after(line, 1));
    if (n == 0 || n > 6 || n + 1 >= line.n || (line.p[n + 1] != ' ' && line.p[n + 1] != '\t'))
        return false;
    *ret_number = leading_number(after(line, 1));
    *ret_text = str_trim(after(line, n + 1));
    return true;
}

/* gdb's frame that has lost its # to a tool that takes such lines for comments. */
static bool opens_bare_frame(const struct parse *p, struct str line, uint64_t *ret_number,
                             struct str *ret_text)
{
    size_t n = leading_digits(line);
    uint64_t expected = p->stack.n + (p->frame.len > 0) == 0 ? 0 : p->number + 1;
    struct str s;

    if (n == 0 || n > 4 || n == line.n || line.p[n] != ' ' || leading_number(line) != expected)
        return false;
    s = str_trim(after(line, n));
    if (!(str_starts(s, STR("0x")) && str_find(s, STR(" in ")) > 0) &&
        !(until(s, " ;=\"").n < s.n && str_starts(after(s, until(s, " ;=\"").n), STR(" ("))) &&
        !str_starts(s, STR("<signal handler called>")))
        return false;
    *ret_number = expected;
    *ret_text = s;
    return true;
}

/* "2024-01-02T… worker[3]: #12 0x55…": what a log writes before each line is cut. */
static struct str cut_prefix(const struct parse *p, struct str line)
{
    if (p->stack.gdb && p->stack.n > 1)
        return line;
    for (size_t i = 1; i + 4 < line.n && i < PREFIX_MAX; i++) {
        struct str s = after(line, i);
        size_t n = *s.p == '#' ? leading_digits(after(s, 1)) : 0;

        if (n > 0 && line.p[i - 1] == ' ' && str_starts(str_trim(after(s, n + 1)), STR("0x")))
            return s;
    }
    return line;
}

/* Does the frame that is being read go on in this line? */
static bool continues(const struct parse *p, struct str line)
{
    struct str text = {buf_text(&p->frame), p->frame.len};
    bool placed;

    if (text.n == 0 || text.n + line.n >= GDBTEXT_FRAME_MAX || line.n == 0 ||
        p->lines >= FRAME_LINES_MAX || symbolized_is(text) || !gdbframe_is_open(text, &placed))
        return false;
    return !placed || str_starts(line, STR("at ")) || str_starts(line, STR("from "));
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
    struct str rest = behind(line, STR("ignal")), name;

    while (rest.n > 0 && (*rest.p == ' ' || *rest.p == ':'))
        rest = after(rest, 1);
    name = until(rest, " ,.:;)\t");
    if (p->out.signal != 0)
        return;
    if (name.n > 0 && name.n < 12 && signal_parse(copy(p, name), &p->out.signal) == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (str_find(line, str_from(words[i][0])) >= 0)
            signal_parse(words[i][1], &p->out.signal);
    }
}

static int64_t small_number(struct str s)
{
    return (int64_t)(leading_number(s) & INT32_MAX);
}

/* "Thread 3 (Thread 0x7f… (LWP 12)):" */
static void begin_thread(struct parse *p, struct str line)
{
    end_stack(p);
    p->stack = (struct stack_text){.headed = true};
    p->stack.thread = small_number(after(line, strlen("Thread ")));
    p->stack.process = small_number(behind(line, STR("LWP ")));
    p->stack.marked = str_find(line, STR("crashed")) >= 0;
}

static bool is_heading(struct str line)
{
    return str_starts(line, STR("Thread ")) && leading_digits(after(line, 7)) > 0 &&
           str_find(line, STR(" (")) > 0 && str_find(line, STR("received signal")) < 0;
}

/* What tells which thread crashed: gdb's notes and KDE's handler. */
static bool read_current(struct parse *p, struct str line)
{
    struct str current = behind(line, STR("urrent thread is "));
    struct str process = behind(line, STR("LWP "));

    if (str_find(line, STR("KCrash Handler")) >= 0) {
        p->stack.marked = true;
        return true;
    }
    if (str_starts(line, STR("Thread ")) && str_find(line, STR("received signal SIG")) > 0 &&
        p->current == 0)
        p->current = small_number(after(line, strlen("Thread ")));
    if (str_starts(line, STR("[Switching to Thread ")) && process.n > 0)
        p->current_process = small_number(process);
    if (current.n == 0)
        return false;
    p->current = small_number(current);
    return true;
}

static void read_message(struct parse *p, struct str line)
{
    static const char *const messages[] = {
        "Assertion `",    "terminate called",    "panicked at",
        "Sanitizer: ",    "pure virtual method", "stack smashing detected",
        "Check failed: ", "assert failure: ",    "double free or corruption",
        "free(): ",       "malloc(): ",          "buffer overflow detected",
        "runtime error: "};

    for (size_t i = 0; i < ARRAY_SIZE(messages) && !p->out.message; i++) {
        if (str_find(line, str_from(messages[i])) >= 0)
            p->out.message = copy(p, line);
    }
    if (!p->out.message &&
        (str_starts(line, STR("panic: ")) || str_starts(line, STR("fatal error: "))))
        p->out.message = copy(p, line);
}

static void read_other(struct parse *p, struct str line)
{
    struct str generated = behind(line, STR("Core was generated by `"));

    if (is_heading(line))
        begin_thread(p, line);
    else if (read_current(p, line))
        return;
    else if (generated.n > 0 && !p->out.executable)
        p->out.executable = copy(p, until(generated, " '"));
    else if (str_find(line, STR("ignal")) >= 0)
        read_signal(p, line);
    if (generated.n > 0 || str_find(line, STR("terminated with signal")) >= 0 ||
        str_find(line, STR("received signal")) >= 0)
        p->stopped = true;
    read_message(p, line);
}

static bool ends_stack(struct str line)
{
    return str_starts(line, STR("(More stack frames follow")) ||
           str_starts(line, STR("Backtrace stopped")) || str_starts(line, STR("--Type <RET>")) ||
           str_starts(line, STR("---Type <return>"));
}

/* A line of another program's trace. */
static bool read_trace(struct parse *p, struct str line)
{
    struct stack_text *s = &p->stack;
    struct traceline_state state = {.in_stack = s->n > 0 && !s->gdb,
                                    .headed = s->traced,
                                    .go = s->go,
                                    .next = s->n > 0 ? p->last_number + 1 : 0};
    struct traceline t;
    struct frame *f;

    if (line.n > GDBTEXT_FRAME_MAX)
        return false;
    switch (traceline_read(line, &state, p->arena, &t)) {
    case TRACELINE_STACK:
        end_stack(p);
        *s = (struct stack_text){.traced = true, .go = t.go, .marked = t.crashed, .minor = t.minor};
        return false; /* it may tell more */
    case TRACELINE_PLACE:
        if (s->n > 0 && !s->frames[s->n - 1].file) {
            s->frames[s->n - 1].file = t.frame.file;
            s->frames[s->n - 1].line = t.frame.line;
        }
        return true;
    case TRACELINE_FRAME:
        if (s->gdb && s->n > 1)
            return false;
        if (s->gdb || t.first)
            end_stack(p);
        begin_frame(p, t.numbered ? t.number : state.next);
        f = next_frame(p);
        if (f)
            *f = t.frame;
        return true;
    default:
        return false;
    }
}

static void read_line(struct parse *p, struct str line)
{
    struct str text;
    uint64_t number;

    if (opens_frame(line, &number, &text) || opens_bare_frame(p, line, &number, &text) ||
        opens_frame(cut_prefix(p, line), &number, &text)) {
        end_frame(p);
        p->number = number;
        p->lines = 1;
        if (text.n <= GDBTEXT_FRAME_MAX)
            buf_add(&p->frame, text.p, text.n);
    } else if (!is_heading(line) && !ends_stack(line) && continues(p, line)) {
        buf_addc(&p->frame, ' ');
        buf_add(&p->frame, line.p, line.n);
        p->lines++;
    } else if (!str_starts(line, STR("--Type")) && !str_starts(line, STR("---Type"))) {
        end_frame(p);
        if (is_heading(line) || !read_trace(p, line))
            read_other(p, line);
    }
}

void gdbtext_parse(struct str text, struct arena *a, struct crash_stack *ret)
{
    struct parse p = {.arena = a, .frame = BUF_INIT(GDBTEXT_FRAME_MAX)};
    struct str line;

    while (textline_split(&text, &line))
        read_line(&p, textline_clean(line, a));
    end_frame(&p);
    end_stack(&p);
    p.out.frames = p.best.frames;
    p.out.n_frames = p.best.n;
    p.out.handled = p.best.handled <= SIGNAL_MAX ? p.best.handled : 0;
    buf_fini(&p.frame);
    *ret = p.out;
}
