/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Versions sort as dpkg sorts them, which is asked itself, and as people mean the others. */
#include "common/report/versionorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static int compare(const char *a, const char *b)
{
    struct version_order x = version_order(str_from(a)), y = version_order(str_from(b));

    ck_assert_msg(x.n > 0, "%s has no order", a);
    ck_assert_msg(y.n > 0, "%s has no order", b);
    return sign(version_order_compare(&x, &y));
}

/* From the oldest to the newest. */
static const char *const in_order[] = {
    "0",
    "0.9",
    "1.0~~a",
    "1.0~",
    "1.0-alpha",
    "1.0.beta2",
    "1.0-dev3",
    "1.0rc1",
    "1.0-rc.2",
    "1.0",
    "1.0-1",
    "1.0-1ubuntu2",
    "1.0-2",
    "1.0+b1",
    "1.0.1",
    "1.0.2a",
    "1.0.2b",
    "1.2",
    "1.10-1+b2",
    "1.10-1.1",
    "1.10.0",
    "2.36-9+deb12u4",
    "2.36-9+deb12u14",
    "2.36-10",
    "v3.0",
    "20240101",
    "1:0.1",
    "2:0",
};

START_TEST(versions_have_an_order)
{
    for (size_t i = 0; i < ARRAY_SIZE(in_order); i++)
        for (size_t j = 0; j < ARRAY_SIZE(in_order); j++)
            ck_assert_msg(compare(in_order[i], in_order[j]) == sign((int)i - (int)j), "%s and %s",
                          in_order[i], in_order[j]);
}
END_TEST

START_TEST(what_is_the_same_compares_equal)
{
    ck_assert_int_eq(compare("1.0", "v1.0"), 0);
    ck_assert_int_eq(compare("1.0", "1.00"), 0);
    ck_assert_int_eq(compare("1.0", "0:1.0-0"), 0);
    ck_assert_int_eq(compare("1.0-rc1", "1.0rc1"), 0);
}
END_TEST

START_TEST(what_is_no_version_has_no_order)
{
    static const char *const texts[] = {"", "v", "unknown", "~1", "-1", "3fa92b1c", "master-2"};
    char *longest = calloc(1, VERSION_ORDERED_MAX + 2);

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(version_order(str_from(texts[i])).n == 0, "%s", texts[i]);
    memset(longest, '1', VERSION_ORDERED_MAX);
    ck_assert_uint_gt(version_order(str_from(longest)).n, 0);
    longest[VERSION_ORDERED_MAX] = '1';
    ck_assert_uint_eq(version_order(str_from(longest)).n, 0);
    free(longest);
}
END_TEST

START_TEST(the_longest_order_fits)
{
    char text[VERSION_ORDERED_MAX + 1] = "";

    for (size_t i = 0; i < VERSION_ORDERED_MAX; i++)
        text[i] = i % 2 ? '.' : '1';
    ck_assert_uint_lt(version_order(str_from(text)).n, VERSION_ORDER_MAX);
    for (size_t i = 1; i < VERSION_ORDERED_MAX; i++)
        text[i] = '-';
    ck_assert_uint_lt(version_order(str_from(text)).n, VERSION_ORDER_MAX);
}
END_TEST

/* --- As dpkg --- */

/* No word for "not yet released": there we differ on purpose. */
static void make_version(char *ret, size_t size)
{
    static const char *const parts[] = {"0", "1",  "2", "9",  "10", "007", ".", ".", ".",  "~", "+",
                                        "a", "bx", "Z", "u3", "-1", "-2",  "-", "g", "~b", "+c"};
    size_t n = 1 + (size_t)random() % 7;

    snprintf(ret, size, "%s%ld", random() % 6 ? "" : "1:", random() % 4);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(ret);

        snprintf(ret + len, size - len, "%s", parts[(size_t)random() % ARRAY_SIZE(parts)]);
    }
    if (ret[strlen(ret) - 1] == '-') /* dpkg wants a revision behind it */
        snprintf(ret + strlen(ret), size - strlen(ret), "1");
}

START_TEST(dpkg_agrees)
{
    _cleanup_file_ FILE *script = NULL;
    char path[] = "/tmp/corral-versions.XXXXXX", command[128], line[8];
    enum { PAIRS = 150 };
    static int wanted[PAIRS];
    FILE *answers;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    script = fdopen(fd, "w");
    ck_assert_ptr_nonnull(script);
    srandom(20261121);
    for (size_t i = 0; i < PAIRS; i++) {
        char a[128], b[128];

        make_version(a, sizeof(a));
        make_version(b, sizeof(b));
        wanted[i] = compare(a, b);
        fprintf(script,
                "for o in lt eq gt; do dpkg --compare-versions '%s' $o '%s' && echo $o; done\n", a,
                b);
    }
    fputs("exit 0\n", script);
    ck_assert_int_eq(fflush(script), 0);
    snprintf(command, sizeof(command), "sh %s", path);
    answers = popen(command, "r");
    ck_assert_ptr_nonnull(answers);
    for (size_t i = 0; i < PAIRS; i++) {
        static const char *const names[] = {"lt\n", "eq\n", "gt\n"};

        ck_assert_ptr_nonnull(fgets(line, sizeof(line), answers));
        ck_assert_msg(strcmp(line, names[wanted[i] + 1]) == 0, "pair %zu: dpkg says %s", i, line);
    }
    ck_assert_int_eq(pclose(answers), 0);
    unlink(path);
}
END_TEST

UNIT_TABLES_MAIN("report/versionorder", {versions_have_an_order, 1},
                 {what_is_the_same_compares_equal, 1}, {what_is_no_version_has_no_order, 1},
                 {the_longest_order_fits, 1}, {dpkg_agrees, 1})
