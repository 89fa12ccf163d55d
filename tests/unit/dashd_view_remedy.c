/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/remedy.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define ID "abcdef0123"

START_TEST(the_path_and_what_is_missing_say_what_helps)
{
    static const struct {
        const char *path;
        bool missing;
        const char *command;
    } cases[] = {
        {"/opt/app/lib.so", true, "corralctl symbols upload /opt/app/lib.so"},
        {"/opt/app/lib.so", false, "corralctl symbols upload /opt/app/lib.so.debug"},
        {"/usr/lib/libc.so.6", true, "corralctl symbols upload /usr/lib/libc.so.6"},
        {"/usr/lib/libc.so.6", false,
         "corralctl symbols upload \"$(debuginfod-find debuginfo " ID ")\""},
        {"/usr/local/bin/own", false, "corralctl symbols upload /usr/local/bin/own.debug"},
        {"/opt/it's $(here)", true, "corralctl symbols upload '/opt/it'\\''s $(here)'"},
        {"-rf", true, "corralctl symbols upload '-rf'"},
        {"", true, "corralctl symbols upload ''"},
        {"a\nb", true, "corralctl symbols upload 'a\nb'"},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(remedy_for(&a, cases[i].path, ID, cases[i].missing).command,
                         cases[i].command);
}
END_TEST

START_TEST(packages_have_debug_files_by_build_id)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(remedy_by_package(&a, "/usr/bin/a b", ID).command,
                     "apt install \"$(dpkg -S '/usr/bin/a b' | cut -d: -f1)-dbgsym\"\n"
                     "corralctl symbols upload /usr/lib/debug/.build-id/ab/cdef0123.debug");
    ck_assert_ptr_null(remedy_by_package(&a, "/opt/a", ID).command);
    ck_assert_ptr_null(remedy_by_package(&a, "/usr/bin/a", "ab").command);
}
END_TEST

UNIT_MAIN("dashd/view/remedy", the_path_and_what_is_missing_say_what_helps,
          packages_have_debug_files_by_build_id)
