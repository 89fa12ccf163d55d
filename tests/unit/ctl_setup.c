/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* What client setup reads and writes: patterns, the former one, the key `chain`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/chainkey.h"
#include "client/ctl/former.h"
#include "client/ctl/hook.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct {
    const char *pattern;
    enum hook_owner owner;
    const char *conf_path;
} patterns[] = {
    {"core\n", HOOK_FILE, ""},
    {"/var/crash/core.%p", HOOK_FILE, ""},
    {"", HOOK_NOBODY, ""},
    {"|/bin/false", HOOK_NOBODY, ""},
    {"|/nonexistent/corral-handler P%P", HOOK_CORRAL_PIPE, ""},
    {"|/nonexistent/corral-handler -c /etc/x P%P", HOOK_CORRAL_PIPE, "/etc/x"},
    {"|/nonexistent/corral-handler -c/etc/x P%P", HOOK_CORRAL_PIPE, "/etc/x"},
    {"|/nonexistent/not-corral-handler-at-all P%P", HOOK_OTHER_PIPE, ""},
    {"|/usr/lib/systemd/systemd-coredump %P %u", HOOK_SYSTEMD, ""},
    {"|/usr/share/apport/apport -p%p", HOOK_APPORT, ""},
    {"|/usr/libexec/abrt-hook-ccpp %s", HOOK_ABRT, ""},
    {"@@/run/corral/core.sock", HOOK_CORRAL_SOCKET, ""},
    {"@@/run/systemd/coredump", HOOK_OTHER_SOCKET, ""},
    {"@/run/corral/core.sock", HOOK_OTHER_SOCKET, ""},
};

START_TEST(whose_it_is)
{
    struct hook h;

    hook_parse(patterns[_i].pattern, &h);
    ck_assert_int_eq(h.owner, patterns[_i].owner);
    ck_assert_str_eq(h.conf_path, patterns[_i].conf_path);
    ck_assert_int_eq(h.ours, h.owner == HOOK_CORRAL_PIPE || h.owner == HOOK_CORRAL_SOCKET);
    ck_assert_ptr_nonnull(hook_owner_name(h.owner));
}
END_TEST

START_TEST(ours_fits_into_the_kernel)
{
    char pattern[HOOK_PATTERN_MAX], path[128] = "/";

    ck_assert_int_eq(hook_pipe_pattern("/usr/sbin/corral-handler", NULL, pattern), 0);
    ck_assert_str_eq(pattern, "|/usr/sbin/corral-handler P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h "
                              "e%e E%E");
    ck_assert_int_eq(hook_pipe_pattern("/h", "/c", pattern), 0);
    ck_assert(strncmp(pattern, "|/h -c /c P%P ", 14) == 0);
    memset(path + 1, 'x', sizeof(path) - 2);
    ck_assert_int_eq(hook_pipe_pattern(path, NULL, pattern), -ENAMETOOLONG);
}
END_TEST

START_TEST(the_former_pattern)
{
    struct former f = {.pipe_limit = 99};

    ck_assert_int_eq(former_parse(STR("# x\nkernel.core_pattern = |/a b %p = #\n"
                                      "kernel.core_pipe_limit = 7\n"),
                                  &f),
                     0);
    ck_assert_str_eq(f.pattern, "|/a b %p = #");
    ck_assert_int_eq(f.pipe_limit, 7);
    ck_assert_int_eq(former_parse(STR("kernel.core_pattern = \nkernel.core_pipe_limit = 0"), &f),
                     0);
    ck_assert_str_eq(f.pattern, "");
}
END_TEST

START_TEST(a_former_pattern_that_is_none)
{
    struct former f = {.pipe_limit = 99};

    ck_assert_int_eq(former_parse(STR(""), &f), FORMER_MALFORMED);
    ck_assert_int_eq(former_parse(STR("kernel.core_pattern = core\n"), &f), FORMER_MALFORMED);
    ck_assert_int_eq(
        former_parse(STR("kernel.core_pattern = core\nkernel.core_pipe_limit = x\n"), &f),
        FORMER_MALFORMED);
    ck_assert_int_eq(former_parse(STR("kernel.core_pipe_limit = 1\n"), &f), FORMER_MALFORMED);
    ck_assert_int_eq(f.pipe_limit, 99);
}
END_TEST

static const struct {
    const char *before, *after;
} edits[] = {
    {"", "chain = |/x %p\n"},
    {"a = 1\n", "a = 1\nchain = |/x %p\n"},
    {"a = 1", "a = 1\nchain = |/x %p\n"},
    {"# help\n#chain = \nb = 2\n", "# help\nchain = |/x %p\nb = 2\n"},
    {"#chain = \nchain=|/old\nb = 2\n", "#chain = \nchain = |/x %p\nb = 2\n"},
    {"# chained = 1\nchains = 2\n", "# chained = 1\nchains = 2\nchain = |/x %p\n"},
};

START_TEST(the_key_is_written_where_it_stands)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);

    ck_assert_int_eq(chainkey_edit(str_from(edits[_i].before), "|/x %p", &b), 0);
    ck_assert_str_eq(buf_text(&b), edits[_i].after);
}
END_TEST

START_TEST(a_value_that_can_not_be_written)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);

    ck_assert_int_eq(chainkey_edit(STR("a = 1\n"), "|/x \"y\"", &b), -EINVAL);
    ck_assert_int_eq(chainkey_edit(STR("a = 1\n"), "|/x\ntoken_file = /y", &b), -EINVAL);
}
END_TEST

UNIT_TABLES_MAIN("ctl/setup", {whose_it_is, sizeof(patterns) / sizeof(patterns[0])},
                 {ours_fits_into_the_kernel, 1}, {the_former_pattern, 1},
                 {a_former_pattern_that_is_none, 1},
                 {the_key_is_written_where_it_stands, sizeof(edits) / sizeof(edits[0])},
                 {a_value_that_can_not_be_written, 1})
