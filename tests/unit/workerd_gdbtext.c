/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Stacks as gdb prints them: a frame's parts, lines that belong together, which of several threads
 * it is, and what else the text tells. */
#include "workerd/grouping/gdbtext.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

/* One frame: its text, and function, file, line and module of it; NULL and 0 for none. */
static const struct {
    const char *text, *function, *file;
    unsigned line;
    const char *module;
} frames[] = {
    {"#0  process_data (p=0x0, n=3) at src/app.c:142", "process_data", "src/app.c", 142, NULL},
    {"#1  0x00005555 in main () at app.c:9", "main", "app.c", 9, NULL},
    {"#2  0x00007fff in raise () from /lib/x86_64-linux-gnu/libc.so.6", "raise", NULL, 0,
     "/lib/x86_64-linux-gnu/libc.so.6"},
    {"#3  0x00007fff in ?? () from /usr/lib/libfoo.so", NULL, NULL, 0, "/usr/lib/libfoo.so"},
    {"#4  0x0000000000000000 in ?? ()", NULL, NULL, 0, NULL},
    {"#5  *__GI_abort () at abort.c:88", "__GI_abort", "abort.c", 88, NULL},
    {"#6  Parser::next (this=0x7ffd) at /src/a b/parser.cpp:51", "Parser::next", "/src/a", 0, NULL},
    {"#7  0x1 in QString::append(QChar) () from /usr/lib/libQtCore.so.4", "QString::append(QChar)",
     NULL, 0, "/usr/lib/libQtCore.so.4"},
    {"#8  std::vector<int, std::allocator<int> >::at (this=0x1, __n=7) at v.h:1",
     "std::vector<int, std::allocator<int> >::at", "v.h", 1, NULL},
    {"#9  operator() (__closure=0x7ffc) at a.cc:3", "operator()", "a.cc", 3, NULL},
    {"#10 Foo::operator() (this=0x1, i=2) at a.cc:3", "Foo::operator()", "a.cc", 3, NULL},
    {"#11 operator new (sz=8) at n.cc:3", "operator new", "n.cc", 3, NULL},
    {"#12 operator<< <std::char_traits<char> > (__out=..., __s=0x1 \"(\") at o.h:5",
     "operator<< <std::char_traits<char> >", "o.h", 5, NULL},
    {"#13 (anonymous namespace)::load (x=1) at a.cc:3", "(anonymous namespace)::load", "a.cc", 3,
     NULL},
    {"#14 std::function<void (int)>::operator()(int) const (this=0x1, a=1) at f.h:2",
     "std::function<void (int)>::operator()(int) const", "f.h", 2, NULL},
    {"#15 f (s=0x1 \"at b.c:7 (\\\"\", c=40 '(', d=41 ')') at a.c:3", "f", "a.c", 3, NULL},
    {"#16 0x1 in sort_r(void*, int (*)(void const*, void const*)) () from /lib/x.so",
     "sort_r(void*, int (*)(void const*, void const*))", NULL, 0, "/lib/x.so"},
    {"#17 main", "main", NULL, 0, NULL},
    {"#18 g (x=<optimized out>, y=...) at ../a/b.c:88", "g", "../a/b.c", 88, NULL},
};

START_TEST(frame)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(frames[_i].text), &a, &s);
    ck_assert_uint_eq(s.n_frames, 1);
    ck_assert_pstr_eq(s.frames[0].function, frames[_i].function);
    ck_assert_pstr_eq(s.frames[0].file, frames[_i].file);
    ck_assert_uint_eq(s.frames[0].line, frames[_i].line);
    ck_assert_pstr_eq(s.frames[0].module, frames[_i].module);
}
END_TEST

static const char *functions(const struct crash_stack *s, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < s->n_frames; i++)
        text = arena_printf(a, "%s%s%s", text, *text ? "|" : "",
                            s->frames[i].function ? s->frames[i].function : "??");
    return text;
}

static const struct {
    const char *text, *functions;
} stacks[] = {
    {"", ""},
    {"no frame at all\n#hash\n#1\n", ""},
    {"#0  a () at a.c:1\n#1  b () at a.c:2\n(More stack frames follow...)\n", "a|b"},
    {"#0  a () at a.c:1\nBacktrace stopped: previous frame identical to this frame (corrupt?)\n",
     "a"},
    {"#0  a () at a.c:1\n#1  <signal handler called>\n#2  b ()\n", "a|<signal handler called>|b"},
    /* wrapped: within the arguments, before the place, before the arguments */
    {"#0  a (x=1,\n    y=2) at a.c:1\n#1  b ()\n    from /lib/x.so\n#2  c\n    (z=3) at a.c:9\n",
     "a|b|c"},
    /* bt full */
    {"#0  a (x=1) at a.c:1\n        i = 3\n        s = \"at x.c:7\"\nNo locals.\n#1  b () at "
     "a.c:2\n",
     "a|b"},
    /* threads: the one without a heading, the one with a handler, the current one, the first */
    {"#0  x ()\n#1  y ()\n\nThread 2 (Thread 0x1 (LWP 2)):\n#0  a ()\n", "x|y"},
    {"Thread 2 (Thread 0x1 (LWP 2)):\n#0  poll ()\nThread 1 (Thread 0x2 (LWP 1)):\n#0  a ()\n",
     "a"},
    {"Thread 1 (LWP 1):\n#0  a ()\nThread 2 (LWP 2):\n#0  h ()\n#1  <signal handler called>\n",
     "h|<signal handler called>"},
    {"Thread 1 (LWP 1):\n#0  a ()\nThread 2 (LWP 2):\n[KCrash Handler]\n#6  b ()\n#7  c ()\n",
     "b|c"},
    {"[Current thread is 3 (LWP 9)]\nThread 1 (LWP 1):\n#0  a ()\nThread 3 (LWP 9):\n#0  c ()\n",
     "c"},
    /* the same once more */
    {"#0  a ()\n#1  b ()\n#0  a ()\n#1  b ()\n", "a|b"},
};

START_TEST(stack)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(stacks[_i].text), &a, &s);
    ck_assert_str_eq(functions(&s, &a), stacks[_i].functions);
}
END_TEST

static const struct {
    const char *text;
    int64_t signal;
    const char *executable, *message;
} facts[] = {
    {"Core was generated by `/usr/bin/app --x'.\n"
     "Program terminated with signal SIGSEGV, Segmentation fault.\n#0  a ()\n",
     SIGSEGV, "/usr/bin/app", NULL},
    {"Program terminated with signal 11, Segmentation fault.\n", SIGSEGV, NULL, NULL},
    {"Thread 1 \"app\" received signal SIGABRT, Aborted.\n", SIGABRT, NULL, NULL},
    {"Application: Dolphin (dolphin), signal: Segmentation fault\n", SIGSEGV, NULL, NULL},
    {"app: a.c:3: f: Assertion `n > 0' failed.\n#0  a ()\n", 0, NULL,
     "app: a.c:3: f: Assertion `n > 0' failed."},
    {"#0  ExceptionalCondition (conditionName=0x1 \"BufferIsValid(b)\", fileName=0x2 \"x.c\")\n", 0,
     NULL, "Failed assertion: BufferIsValid(b)"},
    {"#0  _serverAssert (estr=0x55 \"o->n == 1\", file=0x55 \"t.c\", line=4) at d.c:1\n", 0, NULL,
     "Assertion `o->n == 1' failed."},
    {"[1:2:0312/10:FATAL:f.cc(51)] Check failed: !a. \n#0  f ()\n", 0, NULL,
     "[1:2:0312/10:FATAL:f.cc(51)] Check failed: !a."},
    {"#0  __GI___assert_fail (assertion=0x55 \"n > 0\", file=0x1 \"a.c\", line=3) at "
     "assert.c:101\n",
     0, NULL, "Assertion `n > 0' failed."},
    {"#0  malloc_printerr (str=str@entry=0x7f \"double free or corruption (out)\") at malloc.c:5\n",
     0, NULL, "double free or corruption (out)"},
};

START_TEST(fact)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(facts[_i].text), &a, &s);
    ck_assert_int_eq(s.signal, facts[_i].signal);
    ck_assert_pstr_eq(s.executable, facts[_i].executable);
    ck_assert_pstr_eq(s.message, facts[_i].message);
}
END_TEST

START_TEST(a_stack_and_a_frame_have_their_limits)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4u * 1024 * 1024);
    struct crash_stack s;

    for (int i = 0; i < GDBTEXT_FRAMES_MAX + 10; i++)
        buf_printf(&b, "#%d  f ()\n", i);
    buf_adds(&b, "#9000  g (");
    for (int i = 0; i < 100000; i++)
        buf_adds(&b, "(\n");
    gdbtext_parse((struct str){buf_text(&b), b.len}, &a, &s);
    ck_assert_uint_eq(s.n_frames, GDBTEXT_FRAMES_MAX);
}
END_TEST

static const struct {
    const char *text;
    int64_t handled;
} handlers[] = {
    {"#0  abort ()\n#1  on_crash (signum=8, info=0x1) at a.c:3\n#2  <signal handler called>\n", 8},
    {"#0  on_crash (sig=sig@entry=11) at a.c:3\n#1  <signal handler called>\n#2  f (n=4) at a.c:1\n"
     "#3  g (n=6)\n#4  <signal handler called>\n",
     11},
    {"#0  on_crash (sig=<optimized out>)\n#1  <signal handler called>\n#2  f (n=4) at a.c:1\n", 0},
    {"#0  on_crash (p=0x7ffd)\n#1  <signal handler called>\n", 0},
    {"#0  on_crash (n=999)\n#1  <signal handler called>\n", 0},
    {"#0  on_crash ()\n#1  <signal handler called>\n", 0},
    {"#0  f (sig=11) at a.c:3\n", 0},
};

START_TEST(handler)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(handlers[_i].text), &a, &s);
    ck_assert_int_eq(s.handled, handlers[_i].handled);
}
END_TEST

UNIT_TABLES_MAIN("workerd/gdbtext", {frame, ARRAY_SIZE(frames)}, {stack, ARRAY_SIZE(stacks)},
                 {fact, ARRAY_SIZE(facts)}, {handler, ARRAY_SIZE(handlers)},
                 {a_stack_and_a_frame_have_their_limits, 1})
