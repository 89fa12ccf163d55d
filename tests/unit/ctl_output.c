/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* What corralctl shows: a stranger's text made visible, cut and measured, and the widths of a
 * table. */
#include <locale.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/output/text.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct {
    const char *text, *visible;
} texts[] = {
    {"", ""},
    {"plain", "plain"},
    {"gr\u00fc\u00df dich \u65e5\u672c", "gr\u00fc\u00df dich \u65e5\u672c"},
    {"\033[31mred\a", "\\x1b[31mred\\x07"},
    {"a\tb\nc\rd", "a\\tb\\nc\\x0dd"},
    {"\x7f", "\\x7f"},
    {"\xc2\x9b"
     "31m",
     "\\u009b31m"},
    {"gnp.\u202egpj", "gnp.\\u202egpj"},
    {"\u2066x\u2069\u200f\ufeff", "\\u2066x\\u2069\\u200f\\ufeff"},
    {"a\xff"
     "b\xc3",
     "a\\xffb\\xc3"},
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
    {"\xe2\x80", "\\xe2\\x80"},
};

START_TEST(becomes_visible)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1000);

    text_add_visible(&b, str_from(texts[_i].text));
    ck_assert_str_eq(buf_text(&b), texts[_i].visible);
}
END_TEST

START_TEST(lines_stay)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1000);

    text_add_visible_lines(&b, STR("a\nb\tc\033"));
    ck_assert_str_eq(buf_text(&b), "a\nb\\tc\\x1b");
}
END_TEST

static const struct {
    const char *text;
    size_t width;
    bool from_end;
    const char *cut;
} cuts[] = {
    {"std::vector", 20, true, "std::vector"},
    {"std::vector", 11, true, "std::vector"},
    {"std::vector", 7, true, "…vector"},
    {"std::vector", 7, false, "std::v…"},
    {"std::vector", 1, true, "…"},
    {"std::vector", 1, false, "…"},
    {"std::vector", 0, true, ""},
    {"", 5, true, ""},
    {"日本語", 6, true, "日本語"},
    {"日本語", 5, true, "…本語"},
    {"日本語", 4, true, "…語"},
    {"日本語", 4, false, "日…"},
};

START_TEST(is_cut)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1000);

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    text_add_cut(&b, str_from(cuts[_i].text), cuts[_i].width, cuts[_i].from_end);
    ck_assert_str_eq(buf_text(&b), cuts[_i].cut);
    ck_assert_uint_le(text_width((struct str){buf_text(&b), b.len}), cuts[_i].width);
}
END_TEST

START_TEST(the_widest_gives_way)
{
    const struct column columns[] = {{"ID", "id", COLUMN_STATUS},
                                     {"HOST", "host", COLUMN_TEXT},
                                     {"TITLE", "title", COLUMN_NAME}};
    size_t widths[] = {10, 20, 60};

    table_fit(columns, 3, 0, widths);
    ck_assert_uint_eq(widths[2], 60);
    table_fit(columns, 3, 94, widths);
    ck_assert_uint_eq(widths[2], 60);
    table_fit(columns, 3, 64, widths);
    ck_assert_uint_eq(widths[0], 10);
    ck_assert_uint_eq(widths[1], 20);
    ck_assert_uint_eq(widths[2], 30);
    table_fit(columns, 3, 1, widths);
    ck_assert_uint_eq(widths[0], 10);
    ck_assert_uint_eq(widths[1], TABLE_LEAST);
    ck_assert_uint_eq(widths[2], TABLE_LEAST);
}
END_TEST

UNIT_TABLES_MAIN("ctl/output", {becomes_visible, ARRAY_SIZE(texts)}, {lines_stay, 1},
                 {is_cut, ARRAY_SIZE(cuts)}, {the_widest_gives_way, 1})
