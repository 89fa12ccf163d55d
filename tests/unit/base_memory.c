/* SPDX-License-Identifier: Apache-2.0 */
/* arena and buf: what they hand out, and what they refuse. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(arena_memory_is_zeroed_aligned_and_distinct)
{
    _cleanup_arena_ struct arena a;
    unsigned char *last = NULL;

    arena_init(&a, 0);
    for (size_t size = 1; size < 5000; size += 37) {
        unsigned char *p = arena_alloc(&a, size);

        ck_assert_uint_eq((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(p[i], 0);
        memset(p, 0xaa, size);
        ck_assert_ptr_ne(p, last);
        last = p;
    }
}
END_TEST

START_TEST(arena_try_keeps_to_the_limit)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 1000);
    ck_assert_ptr_nonnull(arena_try(&a, 900));
    ck_assert_ptr_null(arena_try(&a, 200));
    ck_assert_ptr_null(arena_try(&a, SIZE_MAX));
    ck_assert_ptr_null(arena_try(&a, SIZE_MAX / 2 + 1));
    ck_assert_ptr_nonnull(arena_try(&a, 16));
    arena_reset(&a);
    ck_assert_ptr_nonnull(arena_try(&a, 900));
}
END_TEST

START_TEST(arena_text)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_ptr_null(arena_strdup(&a, NULL));
    ck_assert_str_eq(arena_strndup(&a, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_printf(&a, "%s-%d", "x", 7), "x-7");
}
END_TEST

START_TEST(buf_keeps_to_its_maximum)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, 10);
    ck_assert_str_eq(buf_text(&b), "");
    buf_adds(&b, "0123456789");
    ck_assert_int_eq(buf_error(&b), 0);
    buf_addc(&b, 'x');
    ck_assert_int_eq(buf_error(&b), -E2BIG);
    ck_assert_str_eq(buf_text(&b), "0123456789");
    buf_adds(&b, "");
    ck_assert_int_eq(buf_error(&b), -E2BIG);
    buf_clear(&b);
    buf_printf(&b, "%s", "again");
    ck_assert_int_eq(buf_error(&b), 0);
    ck_assert_str_eq(buf_text(&b), "again");
}
END_TEST

START_TEST(buf_grows_and_is_taken)
{
    _cleanup_buf_ struct buf b;
    _cleanup_free_ char *taken = NULL;

    buf_init(&b, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, (char)('a' + i % 26));
    ck_assert_uint_eq(b.len, 100000);
    ck_assert_int_eq(b.data[99999], 'a' + 99999 % 26);
    taken = buf_take(&b);
    ck_assert_uint_eq(strlen(taken), 100000);
    ck_assert_uint_eq(b.len, 0);
    free(buf_take(&b));
}
END_TEST

UNIT_MAIN("base/arena and buf", arena_memory_is_zeroed_aligned_and_distinct,
          arena_try_keeps_to_the_limit, arena_text, buf_keeps_to_its_maximum,
          buf_grows_and_is_taken)
