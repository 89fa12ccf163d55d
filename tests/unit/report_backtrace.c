/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/backtrace.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static struct frame frames[] = {
    {.pc = 0x401136, .function = "get", .file = "/src/app.c", .line = 4, .inlined = true},
    {.pc = 0x401136, .function = "main", .file = "/src/app.c", .line = 9, .module = "/usr/bin/app"},
    {.pc = 0x7f0000001000, .function = "raise", .module = "/lib/libc.so.6"},
    {.pc = 0x7f0000002000,
     .function = "<signal handler called>",
     .signal = true,
     .module = "/lib/libc.so.6"},
    {.pc = 0x10},
};
static struct thread threads[] = {
    {.tid = 100, .crashed = true, .frames = frames, .n_frames = 5, .stopped = "0x10 is nowhere"},
    {.tid = 101,
     .name = "worker",
     .frames = frames + 1,
     .n_frames = 2,
     .frames_left_out = 1000,
     .gap_after = 0},
};

START_TEST(reads_like_gdb)
{
    static struct evidence facts[] = {{"register", "rax = 0x0"}, {"\033", "\033[2J"}};
    static const char expected[] = "Core of /usr/bin/app\n"
                                   "Program terminated with signal SIGSEGV, SEGV_MAPERR at 0x10.\n"
                                   "Why: Read through a ?NULL pointer\n"
                                   "     register: rax = 0x0\n"
                                   "     ?: ?[2J\n"
                                   "Message: app.c:4: Assertion failed\n"
                                   "\n"
                                   "Thread 1 (LWP 100), crashed:\n"
                                   "#0  0x0000000000401136 in get () at /src/app.c:4\n"
                                   "#1  main () at /src/app.c:9\n"
                                   "#2  0x00007f0000001000 in raise () from /lib/libc.so.6\n"
                                   "#3  <signal handler called>\n"
                                   "#4  0x0000000000000010 in ?? ()\n"
                                   "Backtrace stopped: 0x10 is nowhere\n"
                                   "\n"
                                   "Thread 2 (LWP 101 worker):\n"
                                   "#0  0x0000000000401136 in main () at /src/app.c:9\n"
                                   "(1000 frames left out)\n"
                                   "#1001 0x00007f0000001000 in raise () from /lib/libc.so.6\n"
                                   "\n"
                                   "(3 threads left out)\n";
    struct analysis an = {.executable = "/usr/bin/app",
                          .signal = 11,
                          .code = 1,
                          .has_address = true,
                          .address = 0x10,
                          .message = "app.c:4: Assertion failed",
                          .cause = {.rule = "null-read",
                                    .sentence = "Read through a \033NULL pointer",
                                    .certainty = CAUSE_CERTAIN,
                                    .evidence = facts,
                                    .n_evidence = ARRAY_SIZE(facts)},
                          .threads = threads,
                          .n_threads = 2,
                          .threads_left_out = 3};
    _cleanup_buf_ struct buf b;

    buf_init(&b, BACKTRACE_MAX);
    backtrace_format(&an, &b);
    ck_assert_str_eq(buf_text(&b), expected);
}
END_TEST

START_TEST(a_cause_that_is_not_certain_says_so)
{
    const struct analysis an = {
        .cause = {.rule = "poison", .sentence = "poison", .certainty = CAUSE_LIKELY}};
    _cleanup_buf_ struct buf b;

    buf_init(&b, BACKTRACE_MAX);
    backtrace_format(&an, &b);
    ck_assert_str_eq(buf_text(&b), "Why, likely: poison\n");
}
END_TEST

START_TEST(variables_stand_below_their_frame)
{
    static const char long_value[] =
        "0x7ffd0000 \"0123456789012345678901234567890123456789012345678901234567890123456789\"";
    struct variable of_get[] = {
        {.name = "list", .type = "struct list *", .value = "0x0", .argument = true},
        {.name = "n", .type = "int", .problem = "optimized out", .argument = true},
        {.name = "text", .value = long_value, .argument = true},
        {.name = "i", .type = "int", .problem = "optimized out"},
        {.name = "\033", .value = "\"\033[2J\""},
        {.name = "nobody knows"},
    };
    struct frame with[] = {frames[0], frames[1]};
    struct thread t = {.tid = 1, .crashed = true, .frames = with, .n_frames = 2};
    struct analysis an = {.threads = &t, .n_threads = 1};
    _cleanup_buf_ struct buf b;

    with[0].variables = of_get;
    with[0].n_variables = ARRAY_SIZE(of_get);
    with[1].variables_left_out = 3;
    buf_init(&b, BACKTRACE_MAX);
    backtrace_format(&an, &b);
    ck_assert_str_eq(buf_text(&b), "\nThread 1 (LWP 1), crashed:\n"
                                   "#0  0x0000000000401136 in get (list=0x0, n=<optimized out>, "
                                   "text=...) at /src/app.c:4\n"
                                   "        text = 0x7ffd0000 \"01234567890123456789012345678901234"
                                   "56789012345678901234567890123456789\"\n"
                                   "        i = <optimized out>\n"
                                   "        ? = \"?[2J\"\n"
                                   "        nobody knows = <unknown>\n"
                                   "#1  main () at /src/app.c:9\n"
                                   "        (3 variables left out)\n");
}
END_TEST

START_TEST(a_problem_without_a_stack)
{
    struct analysis an = {.problem = "this is not an ELF file", .core_truncated = true};
    _cleanup_buf_ struct buf b;

    buf_init(&b, BACKTRACE_MAX);
    backtrace_format(&an, &b);
    ck_assert_str_eq(buf_text(&b), "Problem: this is not an ELF file\n"
                                   "The core is truncated: what is beyond its end is missing.\n");
}
END_TEST

START_TEST(nothing_reaches_the_terminal_raw)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"\033[2J\007", "?[2J?"},
        {"a\nb\tc\r", "a?b?c?"},
        {"\x7f", "?"},
        {"\xc2\x9b"
         "2J",
         "?2J"}, /* CSI as one character */
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xff\xfe", "??"},
        {"\xc3", "?"},
        {"\xed\xa0\x80", "???"}, /* a surrogate */
        {"x\xe2\x82", "x??"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xe2\x80\xaegnp.exe", "?gnp.exe"}, /* right to left */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct analysis an = {.problem = cases[i].text};
        _cleanup_buf_ struct buf b;
        char expected[64];

        buf_init(&b, BACKTRACE_MAX);
        backtrace_format(&an, &b);
        snprintf(expected, sizeof expected, "Problem: %s\n", cases[i].shown);
        ck_assert_str_eq(buf_text(&b), expected);
    }
}
END_TEST

UNIT_MAIN("report/backtrace", reads_like_gdb, a_cause_that_is_not_certain_says_so,
          variables_stand_below_their_frame, a_problem_without_a_stack,
          nothing_reaches_the_terminal_raw)
