/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
/* Markdown against tests/golden/texts; WRITE=1 writes those files anew, to be looked at. */
#include "dashd/summary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/report/backtrace.h"
#include "dashd/view/markdown.h"
#include "tests/lib/unit.h"

START_TEST(code_holds_whatever_it_is_given)
{
    static const struct {
        const char *text, *markdown;
    } cases[] = {
        {NULL, "-"},
        {"", "-"},
        {"f()", "`f()`"},
        {"a`b", "``a`b``"},
        {"`", "`` ` ``"},
        {"```", "```` ``` ````"},
        {" x", "`  x `"},
        {"a\nb", "`a[U+000A]b`"},
        {"a\tb", "`a b`"},
        {"@user #1 <b> [x](y) \\", "`@user #1 <b> [x](y) \\`"},
        {"\xe2\x80\xae\x1b\xff", "`[U+202E][U+001B]\xef\xbf\xbd`"},
        {"caf\xc3\xa9 \xf0\x9f\x90\x8e", "`caf\xc3\xa9 \xf0\x9f\x90\x8e`"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT(256);

        markdown_code(&b, cases[i].text);
        ck_assert_str_eq(buf_text(&b), cases[i].markdown);
    }
}
END_TEST

START_TEST(a_fence_is_longer_than_any_in_its_block)
{
    _cleanup_buf_ struct buf b = BUF_INIT(256);

    markdown_block(&b, STR("x\n"));
    markdown_block(&b, STR("````\n"));
    ck_assert_str_eq(buf_text(&b), "```\nx\n```\n`````\n````\n`````\n");
}
END_TEST

/* --- Whole texts --- */

#define EVIL "x`@all\n# <b>\xe2\x80\xae"

static struct variable values[] = {
    {.name = "p", .type = "struct record *", .value = "0x0", .argument = true},
    {.name = "n", .type = "int", .problem = "optimized out", .argument = true},
    {.name = "label", .type = "char *", .value = "\"" EVIL "```\""},
    {.name = "text", .value = EVIL, .argument = true}};
static struct frame frames[] = {
    {.pc = 0x401000,
     .function = "process_data",
     .file = "/build/src/app.c",
     .line = 142,
     .module = "/usr/bin/app",
     .variables = values,
     .n_variables = ARRAY_SIZE(values)},
    {.pc = 0x401100, .function = EVIL "```", .module = "/usr/bin/" EVIL, .offset = 0x1100},
    {.pc = 0x7f00, .module = "/lib/libc.so.6", .offset = 0x7f},
    {.pc = 0x401200,
     .function = "main",
     .file = "/build/src/main.c",
     .line = 7,
     .module = "/usr/bin/app"}};
static struct evidence facts[] = {{"instruction", "reads 4 bytes at [rax+0x4]"}, {EVIL, EVIL}};
static struct thread threads[] = {{.tid = 4711,
                                   .name = "app",
                                   .crashed = true,
                                   .frames = frames,
                                   .n_frames = ARRAY_SIZE(frames),
                                   .frames_left_out = 1000,
                                   .gap_after = 1,
                                   .recursion = "walk()"}};
static struct analysis analysis = {
    .executable = "/usr/bin/app",
    .signal = 11,
    .code = 1,
    .has_address = true,
    .address = 4,
    .cause = {.rule = "null-member",
              .certainty = CAUSE_CERTAIN,
              .evidence = facts,
              .n_evidence = 2,
              .sentence = "Read of 4 bytes at NULL + 0x4: a member of what a NULL pointer (rax) "
                          "points at"},
    .threads = threads,
    .n_threads = 1};

static void compare(const char *path, const struct buf *b)
{
    _cleanup_buf_ struct buf golden = BUF_INIT(65536);

    if (getenv("WRITE"))
        ck_assert_int_eq(io_replace(AT_FDCWD, path, buf_text(b), b->len, 0644), 0);
    ck_assert_int_eq(io_read_file(AT_FDCWD, path, &golden), 0);
    ck_assert_str_eq(buf_text(b), buf_text(&golden));
}

static struct event_view make_event(struct arena *a)
{
    struct event_view e = {
        .state = EVENT_KNOWN,
        .crash_id = "01990000-0000-7000-8000-000000000001",
        .row = {.crash_id = "01990000-0000-7000-8000-000000000001",
                .group_id = 7,
                .signal = 11,
                .host = "web-01.example.net",
                .executable = "/usr/bin/" EVIL,
                .version = "1.2",
                .crashed_at = 1763701923000000},
        .analysis = &analysis,
    };

    stack_of_thread(&analysis, threads, NULL, a, &e.stack);
    return e;
}

START_TEST(an_event)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf markdown = BUF_INIT(65536), text = BUF_INIT(65536);
    const struct event_view e = make_event(&a);

    summary_event(&e, "https://crash.example", &a, &markdown);
    compare("tests/golden/texts/event.md", &markdown);
    backtrace_format(&analysis, &text);
    compare("tests/golden/texts/event.txt", &text);
}
END_TEST

START_TEST(a_hidden_event_says_nothing_of_its_memory)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(65536);
    struct event_view e = make_event(&a);

    e.hidden = true;
    e.analysis = NULL;
    e.stack = (struct stack_view){0};
    summary_event(&e, "https://crash.example", &a, &b);
    ck_assert_ptr_null(strstr(buf_text(&b), "Why it crashed"));
    ck_assert_ptr_null(strstr(buf_text(&b), "NULL"));
}
END_TEST

START_TEST(a_group)
{
    struct share_row versions[] = {{.label = "1.2", .detail = "/usr/bin/" EVIL, .events = 17},
                                   {.label = "", .events = 2}};
    struct share_row hosts[7];
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(65536);
    const struct event_view e = make_event(&a);
    struct group_view v = {
        .group = {.id = 7,
                  .title = "SIGSEGV in " EVIL "()",
                  .status = "new",
                  .signal = 11,
                  .executable = "/usr/bin/app",
                  .first_seen = 1763701923000000,
                  .last_seen = 1763788323000000,
                  .event_count = 19,
                  .host_count = 7},
        .programs = {versions, 2},
        .hosts = {hosts, ARRAY_SIZE(hosts)},
        .sample = e.row,
        .stack = e.stack,
        .cause = &analysis.cause,
        .cause_shown = true,
    };

    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        hosts[i] = (struct share_row){.label = arena_printf(&a, "web-%zu", i), .events = 10 - i};
    summary_group(&v, "https://crash.example", &a, &b);
    compare("tests/golden/texts/group.md", &b);
    v.cause = NULL;
    buf_clear(&b);
    summary_group(&v, "https://crash.example", &a, &b);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "\nNot known.\n"));
}
END_TEST

UNIT_MAIN("dashd/summary", code_holds_whatever_it_is_given, a_fence_is_longer_than_any_in_its_block,
          an_event, a_hidden_event_says_nothing_of_its_memory, a_group)
