/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Secrets that lie once more somewhere else, whole or cut. */
#include "client/process/copies.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct arena arena;
static struct copies copies;

static void begin(void)
{
    copies_init(&copies, &arena);
}

/* The secret follows the last blank or equals sign of the text. */
static void add(const char *text)
{
    const char *from = strrchr(text, '=') ?: strrchr(text, ' ');

    copies_add(&copies, text, (size_t)(from + 1 - text), strlen(text));
}

static const char *blanked(const char *text)
{
    char *copy = arena_strdup(&arena, text);

    copies_settle(&copies);
    copies_blank(&copies, copy, strlen(copy));
    return copy;
}

START_TEST(whole_and_cut)
{
    begin();
    add("app --password=hunter2");
    ck_assert_str_eq(blanked("x app --password=hunter2 y"), "x app --password=******* y");
    ck_assert_str_eq(blanked("ord=hunt"), "ord=****");
    ck_assert_str_eq(blanked("password=hunterX"), "password=******X");
    ck_assert_str_eq(blanked("password=hunt"), "password=****");
    ck_assert_str_eq(blanked("hunter2 ord=hun"), "hunter2 ord=hun");
    ck_assert_str_eq(blanked("ord=hunt ord=hunter2"), "ord=**** ord=*******");
}
END_TEST

START_TEST(short_secrets)
{
    begin();
    add("mysql -p x1");
    add("PIN=1234");
    add("A=b");
    ck_assert_str_eq(blanked("l -p x1|PIN=1234|A=b"), "l -p x1|PIN=****|A=b");
    ck_assert_str_eq(blanked("mysql -p x1"), "mysql -p **");
}
END_TEST

START_TEST(alike)
{
    begin();
    add("KEY=aaaabbbb");
    add("KEY=aaaacccc");
    add("KEY=aaaa");
    ck_assert_str_eq(blanked("KEY=aaaacccc KEY=aaaabbbb KEY=aaaadddd"),
                     "KEY=******** KEY=******** KEY=****dddd");
}
END_TEST

/* As many that begin alike as there is room for: the search stays short. */
START_TEST(too_many)
{
    static const char text[] = "KEY=aaaabbbb";
    char big[1 << 16];

    begin();
    for (size_t i = 0; i < COPIES_MAX + 10; i++)
        add(text);
    ck_assert_uint_eq(copies.n, COPIES_MAX);
    for (size_t i = 0; i + 8 <= sizeof(big); i += 8)
        memcpy(big + i, "KEY=aaaa", 8);
    copies_settle(&copies);
    ck_assert_uint_lt(copies.n, 10);
    copies_blank(&copies, big, sizeof(big));
    ck_assert_mem_eq(big + sizeof(big) - 8, "KEY=****", 8);
}
END_TEST

START_TEST(none)
{
    char text[] = "KEY=aaaa";

    begin();
    copies_blank(NULL, text, sizeof(text));
    copies_settle(&copies);
    copies_blank(&copies, text, sizeof(text));
    copies_blank(&copies, text, 0);
    ck_assert_str_eq(text, "KEY=aaaa");
}
END_TEST

UNIT_MAIN("client/copies", whole_and_cut, short_secrets, alike, too_many, none)
