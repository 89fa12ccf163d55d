/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Traces of other programs than gdb, and gdb's after a mail, a terminal or a tracker had them: each
 * frame's name, or its module and offset, or its place. */
#include "workerd/grouping/gdbtext.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const char *describe(const struct frame *f, struct arena *a)
{
    if (f->function)
        return f->function;
    if (f->module && f->offset > 0)
        return arena_printf(a, "%s+0x%llx", f->module, (unsigned long long)f->offset);
    return f->module ? f->module : "??";
}

static const char *frames_of(const struct crash_stack *s, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < s->n_frames; i++)
        text = arena_printf(a, "%s%s%s", text, *text ? "|" : "", describe(&s->frames[i], a));
    return text;
}

static const struct {
    const char *text, *frames;
} traces[] = {
    /* sanitizers: a name with brackets and blanks, a module, a build-id, a template's "from" */
    {"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60 at pc 0x41\n"
     "READ of size 8 at 0x60 thread T0\n"
     "    #0 0x41fdd0 in pop_item /src/ring.c:150:3\n"
     "    #1 0x41fdd1 in ns::Ring<int, std::allocator<int> >::take(int (*)(int)) const "
     "/src/ring.cc:9\n"
     "    #2 0x7f52a6  (/lib64/libglib-2.0.so.0+0x71a3d) (BuildId: 8f2b0a)\n"
     "    #3 0x7f5555 in start_thread (/lib64/libpthread.so.0+0x7554)\n\n"
     "freed by thread T0 here:\n"
     "    #0 0x7f5607 in free (/lib64/libasan.so.2+0x9870a)\n"
     "    #1 0x40bb in drop_item /src/ring.c:99\n"
     "    #2 0x40bb in a /src/ring.c:99\n    #3 0x40bb in b /src/ring.c:9\n"
     "    #4 0x40bb in c /src/ring.c:9\n",
     "pop_item|ns::Ring<int, std::allocator<int> >::take(int (*)(int)) const|"
     "/lib64/libglib-2.0.so.0+0x71a3d|start_thread"},
    {"WARNING: ThreadSanitizer: data race (pid=1)\n  Write of size 4 at 0x7b by thread T1:\n"
     "    #0 count_up /src/a.c:3:9 (a.out+0x4a2b) (BuildId: 01)\n    #1 spin <null> (a.out+0x1)\n"
     "\n  Previous write of size 4 at 0x7b by main thread:\n    #0 other /src/a.c:9:1 (a.out+0x2)\n"
     "    #1 main /src/a.c:9:1 (a.out+0x2)\n    #2 x /src/a.c:9:1 (a.out+0x2)\n",
     "count_up|spin"},
    /* systemd-coredump: without a name, without an offset, in one line of a log */
    {"   Stack trace of thread 7:\n   #0  0x00007f620c6b237a n/a (libform.so + 0x137a)\n"
     "   #1  0x000055c1bd27aefb draw (app + 0xbefb)\n   #2  0x00007fe2 wait_long (libx.so.1)\n\n"
     "   Stack trace of thread 8:\n   #0  0x1 poll (libc.so.6 + 0x1)\n   #1  0x1 a (x + 0x1)\n"
     "   #2  0x1 b (x + 0x1)\n   #3  0x1 c (x + 0x1)\n",
     "libform.so+0x137a|draw|wait_long"},
    {"Nov 1 h systemd-coredump[9]: Process 7 dumped core.#012#012Stack trace of thread 7:#012"
     "#0  0x00007f4 fill (libx.so + 0x8a4ce)#012#1  0x00007f5 main (app + 0x8d210)\n",
     "fill|main"},
    /* LLVM, Chromium, lldb, macOS' and minidump_stackwalk's columns */
    {" #0 0x00006603a8 llvm::sys::PrintStackTrace(llvm::raw_ostream&, int) (/bin/tool+0x6603a8)\n"
     " #1 0x000014775e __restore_rt sigaction.c:0:0\n"
     " #2 0x0000001cb7 tool::lower(std::function<void (Unit, int)>) (/bin/tool+0x1cb745d)\n"
     " #3 0x00007f0000 (/usr/lib/libx.so+0x42)\n",
     "llvm::sys::PrintStackTrace(llvm::raw_ostream&, int)|__restore_rt|"
     "tool::lower(std::function<void (Unit, int)>)|/usr/lib/libx.so+0x42"},
    {"Received signal 11 SEGV_MAPERR 000000000000\n#0 0x7f93ec38efbb ui::(anonymous "
     "namespace)::Draw()\n#1 0x7f93e660bcb0 <unknown>\n#2 0x7f93ec8a0640 ui::Paint() "
     "[../../ui/paint.cc:39:7]\n",
     "ui::(anonymous namespace)::Draw()|??|ui::Paint()"},
    {"* thread #1, name = 'app', stop reason = signal SIGSEGV\n"
     "  * frame #0: 0x0000555556 app`Bank<13, 0>::store(unsigned int, char) const + 19\n"
     "    frame #1: 0x0000555557 app`step(bank=0x0000000000000000, n=3) at bank.cpp:12:7\n"
     "  thread #2\n    frame #0: 0x00007f libc.so.6`poll + 1\n    frame #1: 0x00007f x`a + 1\n",
     "Bank<13, 0>::store(unsigned int, char) const|step"},
    {"Stack dump:\n0  tool     0x0000000100f24250 tool::Print(int) + 56\n"
     "1  libx.so  0x00000001a637c4e4 fill + 56\n",
     "tool::Print(int)|fill"},
    {"Thread 0 (crashed)\n 0  app!ui::Run() [run.cc : 124 + 0x13]\n    rbx = 0x00 rbp = 0x7f\n"
     "    Found by: call frame info\n 1  libx.so + 0x270b3\n    rbx = 0x0\nThread 1\n"
     " 0  libc.so!poll + 0x1\n 1  x!y + 0x1\n 2  x!y + 0x1\n",
     "ui::Run()|libx.so+0x270b3"},
    /* valgrind, glog, node */
    {"==32== Invalid read of size 8\n==32==    at 0x4C32D48: strlen (vg_replace_strmem.c:459)\n"
     "==32==    by 0x401136: name_of (app.c:12)\n==32==    by 0x401150: ??? (in /usr/lib/libx.so)\n"
     "==32==  Address 0x0 is not stack'd\n",
     "strlen|name_of|/usr/lib/libx.so"},
    {"*** Check failure stack trace: ***\n    @     0x7f1b2f6f  ns::Report::Fail()\n"
     "    @           0x4123  ns::Bar()\n    @     0x7f1b2e7d3840  (unknown)\n",
     "ns::Report::Fail()|ns::Bar()|??"},
    {" 1: 0xb00d10 grow_heap(int) [/usr/bin/app]\n 2: 0xa1823b  [/usr/bin/app]\n",
     "grow_heap(int)|/usr/bin/app"},
    /* backtrace_symbols(), by whom it was called, and with a title in place of a path */
    {"/usr/bin/app(fill+0x75)[0x440345]\n/lib/libx.so.0(+0xeff0) [0x7f36]\n./app() [0x401]\n",
     "fill|/lib/libx.so.0+0xeff0|./app"},
    {"/usr/bin/app *:80 [x](fill+0x75)[0x440345]\n/usr/bin/app *:80 [x](main+0x7)[0x440346]\n",
     "fill|main"},
    {"[1] /lib64/libc.so.6(+0x3d320) [0x7f3c] (??:0)\n[2] Node::tick(int) (/src/node.cpp:627)\n",
     "/lib64/libc.so.6+0x3d320|Node::tick(int)"},
    {" 1: (()+0x12dd0) [0x7f1b]\n 2: (Map::load(int)+0x3f8b) [0x55d0]\n", "??|Map::load(int)"},
    {"\t#0 | app(_Z4fillv+0x62) [0x55]\n\t\t??\n\t#1 | /usr/lib/libx.so(+0x3e710) [0x7f]\n",
     "_Z4fillv|/usr/lib/libx.so+0x3e710"},
    {"  /usr/lib/libx.so : ns::f(int, int)+0x47  [0x7f57]\n  /usr/lib/libx.so : ()+0x17a603  "
     "[0x7f58]\n",
     "ns::f(int, int)|/usr/lib/libx.so+0x17a603"},
    {"backtrace:\n  #00 pc 000000000004e8a4  /system/lib64/libc.so (abort+164) (BuildId: cd79)\n"
     "  #01 pc 0000000000012345  /data/lib/libapp.so\n",
     "abort|/data/lib/libapp.so+0x12345"},
    /* Rust, Go, D, the JVM */
    {"thread 'main' panicked at src/a.rs:9:5:\noops\nstack backtrace:\n   0: rust_begin_unwind\n"
     "             at /rustc/90c5/library/std/src/panicking.rs:578:5\n   1: <app::Map<K, V> as "
     "core::ops::Index>::index\n             at ./src/a.rs:9:5\n   2:     0x55 - app::main::h1\n",
     "rust_begin_unwind|<app::Map<K, V> as core::ops::Index>::index|app::main::h1"},
    {"panic: oops\n\ngoroutine 1 [running]:\nmain.(*Server).handle(0xc0, {0x1, 0x2}, ...)\n"
     "\t/src/main.go:12 +0x1d\nmain.main()\n\t/src/main.go:8 +0x1a\ncreated by main.x\n\n"
     "goroutine 8 [idle]:\nruntime.park(0x1)\n\t/go/proc.go:1 +0x1\nruntime.a()\nruntime.b()\n",
     "main.(*Server).handle|main.main"},
    {"??:? void app.fill(int) [0x5571]\nsource/app.d:12 _Dmain [0x5572]\n??:? [0x5573]\n",
     "void app.fill(int)|_Dmain|??"},
    {"Native frames: (J=compiled Java code, C=native code)\n"
     "C  [libagent.so+0x2b7b3]  Agent::stop()+0x73\nj  java.lang.Thread.run()V+11\n"
     "V  [libjvm.so+0x4a1]\n",
     "Agent::stop()+0x73|libjvm.so+0x4a1"},
    /* gdb's: a library behind "at", no name, no #, quoted, coloured, escaped, with a page's end */
    {"#0  0x00007f in  () at /usr/lib/libx.so.3\n#1  0x00007e in draw () at /usr/lib/liby.so\n",
     "/usr/lib/libx.so.3|draw"},
    {"0  0x00007f in draw () from /usr/lib/libx.so\nNo locals.\n1  0x7e in fill (n=1)\n    at "
     "a.c:3\n"
     "2  main () at a.c:9\n",
     "draw|fill|main"},
    {"> > #0  draw (n=1) at a.c:3\n> > #1  0x7e in main () at a.c:9\n", "draw|main"},
    {"\033[1m#0  \033[0m\033[34m0x55\033[0m in \033[33mdraw\033[0m (n=1) at a.c:3\n"
     "#1  0x7e in [33mmain[0m () at a.c:9\n",
     "draw|main"},
    {"#0  0x7f in \\_\\_draw () from /x.so\n#1  &lt;signal handler called&gt;\n#2  f () at a.c:1\n",
     "__draw|<signal handler called>|f"},
    {"#0  draw (n=1)\n---Type <return> to continue, or q <return> to quit---\n    at a.c:3\n"
     "#1  main () at a.c:9\n",
     "draw|main"},
    {"#0  f () at a.c:1\n#1  0x7f in <signal handler called> () at /lib64/libc.so.6\n",
     "f|<signal handler called>"},
    /* the one frame that gdb shows of a core tells which thread it is */
    {"#0  fill () at a.c:1\n\nThread 2 (LWP 2):\n#0  poll ()\n#1  wait ()\n\nThread 1 (LWP 1):\n"
     "#0  fill () at a.c:1\n#1  main ()\n",
     "fill|main"},
    {"[Switching to Thread 0x7f (LWP 9)]\nThread 1 (LWP 1):\n#0  a ()\n#1  b ()\n"
     "Thread 2 (Thread 0x7f (LWP 9)):\n#0  c ()\n#1  d ()\n",
     "c|d"},
    {"Thread 2 \"x\" received signal SIGSEGV, Segmentation fault.\nThread 3 (LWP 3):\n#0  h ()\n"
     "#1  <signal handler called>\nThread 2 (LWP 2):\n#0  c ()\n#1  d ()\n",
     "c|d"},
    {"Thread 1 (LWP 1):\n#0  poll ()\n#1  b ()\nThread 2 (LWP 2):\n#0  raise ()\n#1  f ()\n",
     "raise|f"},
    /* none of these is a frame */
    {"1: warning: x\n[3] = 0x55\n0x7f <main+4>: mov\n12  files\n== 3 ==\nat once\n@ 3\n", ""},
};

START_TEST(trace)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(traces[_i].text), &a, &s);
    ck_assert_str_eq(frames_of(&s, &a), traces[_i].frames);
}
END_TEST

static const struct {
    const char *text, *file;
    unsigned line;
    const char *module, *build_id;
} places[] = {
    {"#0 0x41 in f /src/ring.c:150:3 (app+0x4) (BuildId: 8F2B)\n", "/src/ring.c", 150, "app",
     "8f2b"},
    {"#0 0x41 ui::Paint() [../../ui/paint.cc:39:7]\n", "../../ui/paint.cc", 39, NULL, NULL},
    {"frame #0: 0x55 app`f(n=3) + 4 at bank.cpp:12:7\nframe #1: 0x5 a`b\n", "bank.cpp", 12, "app",
     NULL},
    {"goroutine 1 [running]:\nmain.f()\n\t/src/main.go:12 +0x1d\nmain.g()\n", "/src/main.go", 12,
     NULL, NULL},
    {"stack backtrace:\n 0: app::f\n   at ./src/a.rs:9:5\n 1: app::g\n", "./src/a.rs", 9, NULL,
     NULL},
    {"source/app.d:12 app.f [0x55]\n??:? app.g [0x55]\n", "source/app.d", 12, NULL, NULL},
    {"#0  0x7f in f () from /lib/libx.so+0xc80\n#1  g ()\n", NULL, 0, "/lib/libx.so", NULL},
};

START_TEST(place)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(places[_i].text), &a, &s);
    ck_assert_uint_gt(s.n_frames, 0);
    ck_assert_pstr_eq(s.frames[0].file, places[_i].file);
    ck_assert_uint_eq(s.frames[0].line, places[_i].line);
    ck_assert_pstr_eq(s.frames[0].module, places[_i].module);
    ck_assert_pstr_eq(s.frames[0].build_id, places[_i].build_id);
}
END_TEST

static const struct {
    const char *text;
    int64_t signal;
} signals[] = {
    {"app crashed by signal: 11\n", SIGSEGV},
    {"x got signal 11 ;\n", SIGSEGV},
    {"Received signal 7 BUS_ADRERR 7f93\n", SIGBUS},
    {"* thread #1, stop reason = signal SIGSEGV: invalid address\n", SIGSEGV},
    {"        Signal: 6 (ABRT)\n", SIGABRT},
    {"[signal SIGSEGV: segmentation violation code=0x1]\n", SIGSEGV},
};

START_TEST(signal_of_trace)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack s;

    gdbtext_parse(str_from(signals[_i].text), &a, &s);
    ck_assert_int_eq(s.signal, signals[_i].signal);
}
END_TEST

UNIT_TABLES_MAIN("workerd/traces", {trace, ARRAY_SIZE(traces)}, {place, ARRAY_SIZE(places)},
                 {signal_of_trace, ARRAY_SIZE(signals)})
