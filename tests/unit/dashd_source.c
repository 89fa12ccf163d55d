/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/source */
#include "dashd/source/checkout.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

/* --- Lines --- */

static int read_text(const char *text, size_t n, unsigned line, struct arena *a,
                     struct excerpt *ret)
{
    _cleanup_fd_ int fd = memfd_create("text", MFD_CLOEXEC);

    ck_assert_int_eq(io_write(fd, text, n), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return excerpt_read(fd, line, a, ret);
}

START_TEST(five_lines_on_each_side)
{
    static const struct {
        unsigned line, first;
        size_t n;
    } cases[] = {{1, 1, 6}, {6, 1, 11}, {7, 2, 11}, {20, 15, 6}, {18, 13, 8}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4096);

    for (int i = 1; i <= 20; i++)
        buf_printf(&b, "line %d%s", i, i == 20 ? "" : i % 2 ? "\n" : "\r\n");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct excerpt x = {0};

        ck_assert_int_eq(read_text(b.data, b.len, cases[i].line, &a, &x), 0);
        ck_assert_uint_eq(x.marked, cases[i].line);
        ck_assert_uint_eq(x.n, cases[i].n);
        for (size_t k = 0; k < x.n; k++) {
            ck_assert_uint_eq(x.lines[k].number, cases[i].first + k);
            ck_assert_str_eq(x.lines[k].text, arena_printf(&a, "line %u", x.lines[k].number));
        }
    }
}
END_TEST

START_TEST(lines_that_are_not_there)
{
    static const unsigned lines[] = {0, 4, 100, EXCERPT_FILE_MAX, ~0u};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct excerpt x = {.n = 77};

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_int_eq(read_text("a\nb\nc\n", 6, lines[i], &a, &x), EXCERPT_NO_SUCH_LINE);
    ck_assert_int_eq(read_text("", 0, 1, &a, &x), EXCERPT_NO_SUCH_LINE);
    ck_assert_int_eq(read_text("a\n\0\n", 4, 1, &a, &x), EXCERPT_NOT_TEXT);
    ck_assert_uint_eq(x.n, 77);
}
END_TEST

START_TEST(long_lines_are_cut_between_characters)
{
    enum { LONG = 200001 };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char *text = arena_alloc(&a, LONG);
    struct excerpt x;
    size_t n;

    memcpy(text, "xyz", 3); /* so that the cut would fall into a character */
    for (size_t i = 3; i + 1 < LONG - 10; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    memcpy(text + LONG - 10, "\nsecond\n\n\n", 10);
    ck_assert_int_eq(read_text(text, LONG, 2, &a, &x), 0);
    ck_assert(x.lines[0].cut && !x.lines[1].cut);
    n = strlen(x.lines[0].text);
    ck_assert_uint_eq(n, EXCERPT_LINE_MAX - 1);
    ck_assert_uint_eq(utf8_valid_prefix(x.lines[0].text, n), n);
    ck_assert_str_eq(x.lines[1].text, "second");
}
END_TEST

/* --- Files --- */

START_TEST(what_may_be_shown_by_its_name)
{
    static const struct {
        const char *path;
        bool shown;
    } cases[] = {
        {"src/app.c", true},    {"app.CPP", true},       {"src/../inc/app.h", true},
        {"./x.rs", true},       {"src//x.go", true},     {"", false},
        {"/etc/x.c", false},    {".git/config", false},  {".git/x.c", false},
        {"src/.x.c", false},    {"src/...c", false},     {"x", false},
        {"config.yaml", false}, {"key.pem", false},      {"x.c/passwords", false},
        {"x.c.bak", false},     {"src/.env/y.c", false}, {"...", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(checkout_shows(cases[i].path) == cases[i].shown, "%s", cases[i].path);
}
END_TEST

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ck_assert_int_eq(io_publish(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

START_TEST(nothing_outside_is_opened)
{
    static const struct {
        const char *file;
        int outcome;
    } cases[] = {
        {"/build/app/in.c", 0},
        {"/build/app/sub/../in.c", 0},
        {"/build/app/../out.c", CHECKOUT_NONE},
        {"/build/app/sub/../../out.c", CHECKOUT_NONE},
        {"/build/app/link.c", CHECKOUT_NONE},
        {"/build/app/folder.c", CHECKOUT_NONE},
        {"/build/app/pipe.c", CHECKOUT_NONE},
        {"/build/app//in.c", CHECKOUT_NONE},
        {"/build/other/in.c", CHECKOUT_NONE},
        {"in.c", CHECKOUT_NONE},
        {"/gone/in.c", CHECKOUT_NONE},
        {"/build/app/short.c", EXCERPT_NO_SUCH_LINE},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char top[] = "/tmp/corral-unit.XXXXXX", folder[64], path[128];
    struct prefixes roots;

    ck_assert_ptr_nonnull(mkdtemp(top));
    snprintf(folder, sizeof(folder), "%s/checkout", top);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mkdir(strcat(strcpy(path, folder), "/sub"), 0700), 0);
    ck_assert_int_eq(mkdir(strcat(strcpy(path, folder), "/folder.c"), 0700), 0);
    ck_assert_int_eq(mkfifo(strcat(strcpy(path, folder), "/pipe.c"), 0600), 0);
    ck_assert_int_eq(symlink("../out.c", strcat(strcpy(path, folder), "/link.c")), 0);
    put_file(folder, "in.c", "one\ntwo\n");
    put_file(folder, "short.c", "one\n");
    put_file(top, "out.c", "one\ntwo\n");
    ck_assert_int_eq(
        prefixes_parse(arena_printf(&a, "/build/app=%s:/gone=%s/none", folder, top), &a, &roots),
        0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct frame f = {.file = cases[i].file, .line = 2};
        struct excerpt x;

        ck_assert_msg(checkout_excerpt(&roots, &f, &a, &x) == cases[i].outcome, "%s",
                      cases[i].file);
    }
    struct frame renamed = {.file = "/elsewhere/in.c", .source = "/build/app/in.c", .line = 2};
    struct excerpt x;

    ck_assert_int_eq(checkout_excerpt(&roots, &renamed, &a, &x), 0);
    ck_assert_str_eq(x.checkout, folder);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, top), 0);
}
END_TEST

UNIT_MAIN("dashd/source", five_lines_on_each_side, lines_that_are_not_there,
          long_lines_are_cut_between_characters, what_may_be_shown_by_its_name,
          nothing_outside_is_opened)
