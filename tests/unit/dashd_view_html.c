/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/html.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

/* What the value looks like in text, as a C string that lives until the next call. */
#define SHOWN(x) (buf_clear(&out), html_text(&out, (x)), buf_text(&out))

static struct buf out;

static void begin(void)
{
    buf_init(&out, 1 << 20);
}

START_TEST(markup_is_taken_apart)
{
    begin();
    ck_assert_str_eq(SHOWN("<script>alert('x' & \"y\")</script>"),
                     "&lt;script&gt;alert(&#39;x&#39; &amp; &#34;y&#34;)&lt;/script&gt;");
    ck_assert_str_eq(SHOWN((const char *)NULL), "");
    ck_assert_str_eq(SHOWN(((struct str){"a<b\0c", 5})), "a&lt;b[U+0000]c");
}
END_TEST

START_TEST(what_is_not_seen_is_shown)
{
    begin();
    ck_assert_str_eq(SHOWN("a\033[2Jb\r"), "a[U+001B][2Jb[U+000D]");
    ck_assert_str_eq(SHOWN("\xe2\x80\xaegnp.exe\xe2\x80\xac"), "[U+202E]gnp.exe[U+202C]");
    ck_assert_str_eq(SHOWN("z\xe2\x80\x8bz\xef\xbb\xbf\xf3\xa0\x81\x81"),
                     "z[U+200B]z[U+FEFF][U+E0041]");
    ck_assert_str_eq(SHOWN("\xc2\x85\x7f"), "[U+0085][U+007F]");
    ck_assert_str_eq(SHOWN("tab\tline\n"), "tab\tline\n");
    ck_assert_str_eq(SHOWN("naïve Größe 漢字 😀"), "naïve Größe 漢字 😀");
}
END_TEST

START_TEST(invalid_utf8_is_replaced)
{
    begin();
    ck_assert_str_eq(SHOWN("a\xff<\xfe"), "a\xef\xbf\xbd&lt;\xef\xbf\xbd");
    ck_assert_str_eq(SHOWN("\xe2\x80"), "\xef\xbf\xbd\xef\xbf\xbd"); /* cut short */
    ck_assert_str_eq(SHOWN("\xc0\xbc"), "\xef\xbf\xbd\xef\xbf\xbd"); /* an overlong < */
    ck_assert_str_eq(SHOWN("\xed\xa0\x80"),
                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
}
END_TEST

START_TEST(each_type_has_its_form)
{
    begin();
    ck_assert_str_eq(SHOWN(-7), "-7");
    ck_assert_str_eq(SHOWN((uint64_t)18446744073709551615u), "18446744073709551615");
    ck_assert_str_eq(SHOWN((struct count){1234567}), "1,234,567");
    ck_assert_str_eq(SHOWN((struct bytes){1536}), "1.5 KiB");
    ck_assert_str_eq(SHOWN((struct address){0x7f00deadbeef}), "0x7f00deadbeef");
    ck_assert_str_eq(SHOWN((struct markup){"<b>"}), "<b>");
    ck_assert_str_eq(SHOWN((struct symbol){"std::map<int, /x/y>"}),
                     "std::<wbr>map&lt;int,<wbr> /x/y&gt;");
    ck_assert_str_eq(SHOWN(((struct instant){1000000, 61000000})),
                     "<time datetime=\"1970-01-01T00:00:01Z\" title=\"1970-01-01 00:00:01 UTC\">"
                     "1 min ago</time>");
}
END_TEST

/* What a browser shows, fed to sh(1), is one word. */
START_TEST(commands_are_quoted)
{
    begin();
    ck_assert_str_eq(SHOWN((struct shell){"/usr/bin/app-2.0"}), "/usr/bin/app-2.0");
    ck_assert_str_eq(SHOWN((struct shell){"a b"}), "&#39;a b&#39;");
    ck_assert_str_eq(SHOWN((struct shell){"$(id)"}), "&#39;$(id)&#39;");
    ck_assert_str_eq(SHOWN((struct shell){"it's"}), "&#39;it&#39;\\&#39;&#39;s&#39;");
    ck_assert_str_eq(SHOWN((struct shell){"-rf"}), "&#39;-rf&#39;");
    ck_assert_str_eq(SHOWN((struct shell){""}), "&#39;&#39;");
}
END_TEST

START_TEST(query_values_are_encoded)
{
    begin();
    html_percent(&out, "a b&c=d/\xc3\xbc~");
    ck_assert_str_eq(buf_text(&out), "a%20b%26c%3Dd%2F%C3%BC~");
}
END_TEST

UNIT_MAIN("dashd/view/html", markup_is_taken_apart, what_is_not_seen_is_shown,
          invalid_utf8_is_replaced, each_type_has_its_form, commands_are_quoted,
          query_values_are_encoded)
