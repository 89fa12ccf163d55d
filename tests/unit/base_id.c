/* SPDX-License-Identifier: Apache-2.0 */
/* id and digest. */
#include "common/base/id.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "tests/lib/unit.h"

START_TEST(new_ids_are_valid_ordered_and_different)
{
    char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];
    int64_t before = clock_now() / USEC_PER_MSEC;

    uuid_new(first);
    clock_sleep(2 * USEC_PER_MSEC);
    uuid_new(second);
    ck_assert(uuid_valid(str_from(first)) && uuid_valid(str_from(second)));
    ck_assert(strcmp(first, second) < 0);
    ck_assert(uuid_time_msec(first) >= before);
    ck_assert(uuid_time_msec(second) <= clock_now() / USEC_PER_MSEC);
}
END_TEST

START_TEST(only_canonical_version_7_is_valid)
{
    static const char *const wrong[] = {
        "",
        "0192d0a1-7c4e-4abc-9def-0123456789ab", /* version 4 */
        "0192d0a1-7c4e-7abc-cdef-0123456789ab", /* variant */
        "0192D0A1-7c4e-7abc-9def-0123456789ab", /* upper case */
        "0192d0a17c4e-7abc-9def-0123456789abcd",
        "0192d0a1-7c4e-7abc-9def-0123456789a",
        "0192d0a1-7c4e-7abc-9def-0123456789abc",
        "../../../../../../../../etc/passwd-7",
    };

    ck_assert(uuid_valid(STR("0192d0a1-7c4e-7abc-9def-0123456789ab")));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(!uuid_valid(str_from(wrong[i])), "%s", wrong[i]);
}
END_TEST

START_TEST(hexadecimal)
{
    uint8_t bytes[4] = {1, 2, 3, 4};
    char text[9];

    ck_assert_int_eq(hex_decode(STR("DEADbeef"), bytes, 4), 0);
    hex_encode(bytes, 4, text);
    ck_assert_str_eq(text, "deadbeef");
    ck_assert_int_eq(hex_decode(STR("deadbee"), bytes, 4), -EINVAL);
    ck_assert_int_eq(hex_decode(STR("00adbexf"), bytes, 4), -EINVAL);
    ck_assert_uint_eq(bytes[0], 0xde);
    ck_assert(hex_valid(STR("ab12"), 4) && !hex_valid(STR("ab1"), 4) && !hex_valid(STR("AB"), 4));
    ck_assert(!hex_valid(STR(""), 4) && !hex_valid(STR("abcdef"), 4) && !hex_valid(STR("../a"), 4));
}
END_TEST

START_TEST(sha256_vectors)
{
    /* FIPS 180-2 appendix B, and the empty text. */
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct digest *d = digest_new();
    char text[SHA256_TEXT_SIZE];
    uint8_t raw[SHA256_SIZE];

    sha256_text("abc", 3, text);
    ck_assert_str_eq(text, abc);
    sha256_text("", 0, text);
    ck_assert_str_eq(text, empty);
    digest_add(d, "a", 1);
    digest_add(d, "bc", 2);
    digest_finish(d, raw);
    digest_free(d);
    hex_encode(raw, sizeof(raw), text);
    ck_assert_str_eq(text, abc);
}
END_TEST

UNIT_MAIN("base/id and digest", new_ids_are_valid_ordered_and_different,
          only_canonical_version_7_is_valid, hexadecimal, sha256_vectors)
