/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Command lines and environments as they lie in memory, also where they can't be read. */
#include "client/process/privacy.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define ARGV_AT 0x1000

static struct arena arena;
static struct crash_meta meta;
static struct privacy privacy;

struct memory {
    const char *text;
    size_t n;
};

static ssize_t read_memory(void *arg, uint64_t address, void *p, size_t n)
{
    const struct memory *m = arg;
    size_t at = (size_t)(address - ARGV_AT);

    if (address < ARGV_AT || at >= m->n)
        return 0;
    n = m->n - at < n ? m->n - at : n;
    memcpy(p, m->text + at, n);
    return (ssize_t)n;
}

/* argv of so many bytes, then the environment; of both no more than `readable` can be read. */
static void apply(const char *text, size_t arguments, size_t environment, size_t readable)
{
    struct settings s = {.environment = (char *)(uintptr_t) "LANG LC_* HOME"};
    struct memory m = {text, readable};
    struct slim_source source = {read_memory, &m};
    struct procfs_stat stat = {.arguments_start = ARGV_AT,
                               .arguments_end = ARGV_AT + arguments,
                               .environment_start = ARGV_AT + arguments,
                               .environment_end = ARGV_AT + arguments + environment};
    struct privacy_areas areas;

    meta_init(&meta);
    privacy_read(&source, &stat, &arena, &areas);
    privacy_apply(&areas, &s, &arena, &meta, &privacy);
}

/* What is left of the bytes when the ranges were overwritten, NUL shown as |. */
static const char *blanked(const char *text, size_t n)
{
    char *copy = arena_strndup(&arena, "", 0);

    copy = memcpy(arena_alloc(&arena, n + 1), text, n);
    for (size_t i = 0; i < privacy.n_ranges; i++)
        for (uint64_t k = 0; k < privacy.ranges[i].n; k++) {
            ck_assert_uint_lt(privacy.ranges[i].start - ARGV_AT + k, n);
            copy[privacy.ranges[i].start - ARGV_AT + k] = '*';
        }
    for (size_t i = 0; i < n; i++)
        copy[i] = copy[i] ? copy[i] : '|';
    return copy;
}

#define ARGV "app\0--token=abc\0x y"
#define ENVP "LANG=C\0KEY=v1\0HOME=/h\0LC_URL=http://a:b@c\0junk\0EMPTY="

START_TEST(allowed_and_not)
{
    static const char text[] = ARGV "\0" ENVP;

    apply(text, sizeof(ARGV), sizeof(ENVP), sizeof(text));
    ck_assert_str_eq(meta.command_line, "app --token=*** x y");
    ck_assert_str_eq(privacy.arguments, "app --token=*** x y");
    ck_assert_str_eq(blanked(text, sizeof(text)),
                     "app|--token=***|x y|LANG=C|KEY=**|HOME=/h|LC_URL=http://a:*@c|****|EMPTY=|");
    ck_assert_uint_eq(meta.environment.n, 5);
    ck_assert_str_eq(meta.environment.items[0], "LANG=C");
    ck_assert_str_eq(meta.environment.items[1], "KEY");
    ck_assert_str_eq(meta.environment.items[3], "LC_URL=http://a:*@c");
    ck_assert_str_eq(meta.environment.items[4], "EMPTY");
    ck_assert(!meta.cut);
}
END_TEST

/* Whatever can't be read is overwritten. */
START_TEST(what_is_not_readable_is_secret)
{
    static const char text[] = ARGV "\0" ENVP;

    for (size_t readable = 0; readable < sizeof(text); readable++) {
        apply(text, sizeof(ARGV), sizeof(ENVP), readable);
        for (size_t i = readable; i < sizeof(text); i++)
            ck_assert_int_eq(blanked(text, sizeof(text))[i], '*');
        ck_assert_ptr_null(strstr(blanked(text, sizeof(text)), "abc"));
        ck_assert_ptr_null(strstr(blanked(text, sizeof(text)), "v1"));
        ck_assert(meta.cut);
    }
}
END_TEST

START_TEST(a_title_over_the_arguments)
{
    static const char text[] = "postgres: bob password=xy idle\0PGDATA=/x";

    apply(text, 10, sizeof(text) - 10, sizeof(text));
    ck_assert_str_eq(meta.command_line, "postgres: bob password=** idle");
    ck_assert_ptr_null(strstr(blanked(text, sizeof(text)), "xy"));
}
END_TEST

START_TEST(too_many_secrets)
{
    size_t variables = 3 * PRIVACY_RANGES_MAX, n = 4 + 4 * variables;
    char *text = arena_alloc(&arena, n);

    memcpy(text, "app", 4);
    for (size_t i = 0; i < variables; i++)
        memcpy(text + 4 + 4 * i, "A=s", 4);
    apply(text, 4, n - 4, n);
    ck_assert_uint_le(privacy.n_ranges, PRIVACY_RANGES_MAX);
    ck_assert_ptr_null(strchr(blanked(text, n), 's'));
    ck_assert(meta.cut);
}
END_TEST

START_TEST(lists_of_names)
{
    ck_assert(privacy_allows("A B_* C", STR("A")));
    ck_assert(privacy_allows("A B_* C", STR("B_X")));
    ck_assert(privacy_allows("A B_* C", STR("C")));
    ck_assert(!privacy_allows("A B_* C", STR("AA")));
    ck_assert(!privacy_allows("A B_* C", STR("B")));
    ck_assert(!privacy_allows("", STR("")));
    ck_assert(!privacy_allows(NULL, STR("A")));
    ck_assert(privacy_allows("*", STR("A")));
}
END_TEST

START_TEST(of_a_process_that_was_gone)
{
    struct core_segment stack = {.start = 0x7000, .memsz = 0x2000};
    struct corefile core = {.segments = &stack,
                            .n_segments = 1,
                            .auxv_random = 0x8100,
                            .arguments = "app --password=abc x"};
    struct settings s = {0};

    privacy_from_core(&core, &s, &arena, &privacy);
    ck_assert_str_eq(privacy.arguments, "app --password=*** x");
    ck_assert_uint_eq(privacy.n_ranges, 1);
    ck_assert_uint_eq(privacy.ranges[0].start, 0x8110);
    ck_assert_uint_eq(privacy.ranges[0].n, 0x9000 - 0x8110);
    core.auxv_random = 0;
    privacy_from_core(&core, &s, &arena, &privacy);
    ck_assert_uint_eq(privacy.n_ranges, 0);
}
END_TEST

UNIT_MAIN("client/privacy", allowed_and_not, what_is_not_readable_is_secret,
          a_title_over_the_arguments, too_many_secrets, lists_of_names, of_a_process_that_was_gone)
