/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/codepoint.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(every_character_comes_back_as_it_was)
{
    for (uint32_t c = 1; c < 0x110000; c++) {
        _cleanup_buf_ struct buf b = BUF_INIT(16);
        struct str s;

        if (codepoint_is_invisible(c) || (c >= 0xd800 && c < 0xe000))
            continue;
        codepoint_put(&b, c);
        s = (struct str){b.data, b.len};
        if (codepoint_next(&s) != c || s.n != 0)
            ck_abort_msg("U+%04X", (unsigned)c);
    }
}
END_TEST

START_TEST(what_is_no_utf8_is_taken_byte_by_byte)
{
    static const char *const cases[] = {
        "\xff\xfe", "\xc3", "\xed\xa0\x80", "\xe2\x82", "\xc0\x80", "\xf4\x90\x80\x80", "\x80"};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (struct str s = str_from(cases[i]); s.n > 0;) {
            size_t before = s.n;

            ck_assert_uint_eq(codepoint_next(&s), CODEPOINT_BAD);
            ck_assert_uint_eq(s.n, before - 1);
        }
}
END_TEST

START_TEST(what_hides_is_shown)
{
    static const struct {
        uint32_t c;
        const char *shown;
    } cases[] = {{0, "[U+0000]"},      {0x1b, "[U+001B]"},     {0x9b, "[U+009B]"},
                 {0x200b, "[U+200B]"}, {0x202e, "[U+202E]"},   {0x2069, "[U+2069]"},
                 {0xfeff, "[U+FEFF]"}, {0xe0041, "[U+E0041]"}, {'\t', "\t"},
                 {'\n', "\n"},         {0x2027, "\u2027"},     {0x2030, "\u2030"}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT(16);

        codepoint_put(&b, cases[i].c);
        ck_assert_str_eq(buf_text(&b), cases[i].shown);
    }
}
END_TEST

UNIT_MAIN("base/codepoint", every_character_comes_back_as_it_was,
          what_is_no_utf8_is_taken_byte_by_byte, what_hides_is_shown)
