/* SPDX-License-Identifier: Apache-2.0 */
/* What is pasted into a search field. */
#include "common/search/pasted.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define HEX40 "0123456789abcdef0123456789abcdef01234567"

static const struct {
    const char *text;
    enum pasted_kind kind;
    const char *query;
} rows[] = {
    {"", PASTED_QUERY, ""},
    {"  is:open ", PASTED_QUERY, "is:open"},
    {"deadbeef", PASTED_QUERY, "deadbeef"},
    {"g-142", PASTED_GROUP, "id:g-142"},
    {" G-7\n", PASTED_GROUP, "id:g-7"},
    {"G-0", PASTED_QUERY, "G-0"},
    {"G-99999999999", PASTED_QUERY, "G-99999999999"},
    {"019AB0C0-0000-7000-8000-000000000000", PASTED_EVENT,
     "id:019ab0c0-0000-7000-8000-000000000000"},
    {"019ab0c0-0000-4000-8000-000000000000", PASTED_QUERY, "019ab0c0-0000-4000-8000-000000000000"},
    {HEX40, PASTED_BUILD_ID, "buildid:" HEX40},
    {"0123456789ABCDEF0123456789abcdef", PASTED_BUILD_ID,
     "buildid:0123456789abcdef0123456789abcdef"},
    {"0123456789ab", PASTED_FINGERPRINT, "fp:0123456789ab"},
    {HEX40 "0123456789abcdef01234567", PASTED_FINGERPRINT, "fp:" HEX40 "0123456789abcdef01234567"},
    {HEX40 "0123456789abcdef012345678", PASTED_QUERY, HEX40 "0123456789abcdef012345678"},
    {"#0  evict (n=1) at app.c:3\n#1  0x0000555555555161 in cache_put (n=1) at app.c:4\n"
     "#2  0x00007ffff7c29d90 in ?? () from /lib/libc.so.6\n#3  evict (n=0) at app.c:3\n",
     PASTED_BACKTRACE, "func:evict func:cache_put"},
    {"Thread 1 (LWP 7):\r\n#0  0x1 in shop::Cart<int, std::vector<int> >::add (this=0x0) at "
     "a.cc:1\r\n",
     PASTED_BACKTRACE, "func:\"shop::Cart::add\""},
    {"#0  a (x=1)\n#1  b ()\n#2  c ()\n#3  d ()\n#4  e ()\n#5  f ()\n#6  g ()\n", PASTED_BACKTRACE,
     "func:a func:b func:c func:d func:e func:f"},
    {"#1  0x12 operator<< (x=1)", PASTED_QUERY, "#1  0x12 operator<< (x=1)"},
    {"#1  operator<< (x=1)", PASTED_BACKTRACE, "func:\"operator<<\""},
    {"#12 issue", PASTED_QUERY, "#12 issue"},
    {"#0  ?? ()\n", PASTED_QUERY, "#0  ?? ()"},
    {"#0  \"a\\*\" (x=1)", PASTED_BACKTRACE, "func:\"\\\"a\\\\\\*\\\"\""},
};

START_TEST(knows_what_it_is)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct pasted p = search_pasted(str_from(rows[_i].text), &a);

    ck_assert_int_eq(p.kind, rows[_i].kind);
    ck_assert_str_eq(p.query, rows[_i].query);
    if (p.kind != PASTED_QUERY) {
        struct search_query q;
        struct search_mistake m;

        ck_assert_int_eq(search_parse(str_from(p.query), &a, &q, &m), 0);
    }
}
END_TEST

UNIT_TABLES_MAIN("search/pasted", {knows_what_it_is, ARRAY_SIZE(rows)})
