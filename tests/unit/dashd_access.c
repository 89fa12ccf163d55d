/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/access/access.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(who_may_what)
{
    ck_assert_uint_eq(access_rights_of_role("viewer"), MAY_READ);
    ck_assert_uint_eq(access_rights_of_role("triager"), MAY_READ | MAY_TRIAGE);
    ck_assert_uint_eq(access_rights_of_role("developer"),
                      MAY_READ | MAY_TRIAGE | MAY_CORE | MAY_SYMBOLS);
    ck_assert_uint_eq(access_rights_of_role("admin"), RIGHTS);
    ck_assert_uint_eq(access_rights_of_role("Admin"), 0);
    ck_assert_uint_eq(access_rights_of_scope("read"), MAY_READ);
    ck_assert_uint_eq(access_rights_of_scope("write"),
                      MAY_READ | MAY_TRIAGE | MAY_CORE | MAY_SYMBOLS);
    ck_assert_uint_eq(access_rights_of_scope("admin"), RIGHTS);
    ck_assert_uint_eq(access_rights_of_scope("ingest"), 0);
    ck_assert_uint_eq(access_rights_of_scope("symbols"), MAY_SYMBOLS);
}
END_TEST

START_TEST(forms_come_from_our_own_pages)
{
    static const struct {
        struct access_origin o;
        bool good;
    } cases[] = {
        {{NULL, NULL, "h:1", "http://h:1"}, true}, /* no browser: curl */
        {{"same-origin", "https://evil", "h:1", "http://h:1"}, true},
        {{"same-site", NULL, "h:1", "http://h:1"}, false},
        {{"cross-site", "http://h:1", "h:1", "http://h:1"}, false},
        {{"none", NULL, "h:1", "http://h:1"}, false},
        {{NULL, "http://h:1", "h:1", "http://other"}, true},
        {{NULL, "https://H:1", "h:1", "http://other"}, true},
        {{NULL, "https://crash.example", "127.0.0.1:8700", "https://crash.example/corral"}, true},
        {{NULL, "https://crash.example.evil", "127.0.0.1:8700", "https://crash.example"}, false},
        {{NULL, "http://h:2", "h:1", "http://h:1"}, false},
        {{NULL, "null", "h:1", "http://h:1"}, false},
        {{NULL, "", "h:1", "http://h:1"}, false},
        {{NULL, "http://h", NULL, "http://h:1"}, false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(access_same_site(&cases[i].o) == cases[i].good, "case %zu", i);
}
END_TEST

START_TEST(signing_in_leads_nowhere_else)
{
    static const char *const bad[] = {
        NULL,       "",      "groups",    "//evil.example",    "/\\evil",
        "/\t/evil", "/a\\b", "https://x", "/a\nSet-Cookie: x", "javascript:1",
        "/\xc3\xbc"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_str_eq(access_safe_path(bad[i]), "/");
    ck_assert_str_eq(access_safe_path("/groups?q=a%20b&status=all"), "/groups?q=a%20b&status=all");
}
END_TEST

UNIT_MAIN("dashd/access/access", who_may_what, forms_come_from_our_own_pages,
          signing_in_leads_nowhere_else)
