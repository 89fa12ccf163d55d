/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/atom.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(ids)
{
    static const struct {
        const char *url, *id;
    } rows[] = {
        {"http://127.0.0.1:8700", "tag:127.0.0.1,2026:groups/1"},
        {"https://Crash.Example:8443/corral", "tag:crash.example,2026:corral/groups/1"},
        {"https://[2001:db8::1]:8700/", "tag:-2001,2026:groups/1"},
        {"https://", "tag:localhost,2026:groups/1"},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        ck_assert_str_eq(atom_id(&a, rows[i].url, "groups/1"), rows[i].id);
}
END_TEST

static void entry_with(struct buf *b, const char *title)
{
    const struct atom_entry e = {.id = "tag:x,2026:1",
                                 .title = title,
                                 .summary = "",
                                 .updated = 0,
                                 .page = "http://x/?a=1&b=\"",
                                 .category = "new"};

    buf_clear(b);
    atom_entry(b, &e);
}

/* What XML has no room for never comes out, whatever came in. */
START_TEST(hostile_titles)
{
    static const struct {
        const char *title, *shown;
    } rows[] = {
        {"<script>&\"'", "<title>&lt;script&gt;&amp;&#34;&#39;</title>"},
        {"]]>", "<title>]]&gt;</title>"},
        {"a\x01"
         "b",
         "<title>a[U+0001]b</title>"},
        {"\xe2\x80\xae", "<title>[U+202E]</title>"},
        {"\xef\xbf\xbe\xef\xbf\xbf", "<title>\xef\xbf\xbd\xef\xbf\xbd</title>"},
        {"\xf0\x9f\xbf\xbe", "<title>\xef\xbf\xbd</title>"},
        {"\xff\xc0", "<title>\xef\xbf\xbd\xef\xbf\xbd</title>"},
        {"", "<title></title>"},
        {NULL, "<title></title>"},
    };
    _cleanup_buf_ struct buf b = BUF_INIT(4096);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        entry_with(&b, rows[i].title);
        ck_assert_msg(strstr(buf_text(&b), rows[i].shown), "%s", buf_text(&b));
    }
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "href=\"http://x/?a=1&amp;b=&#34;\""));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "<updated>1970-01-01T00:00:00"));
}
END_TEST

UNIT_MAIN("dashd/view/atom", ids, hostile_titles)
