/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
#include "client/handler/chain.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

static const struct arguments crash = {
    .pid = 4242,
    .tid = 4243,
    .uid = 1000,
    .gid = 100,
    .signal = 11,
    .time = 1700000000,
    .dump_mode = 1,
    .cpu = 3,
    .pidfd = 3,
    .core_limit = UINT64_MAX,
    .hostname = "node",
    .comm = "a b",
    .path = "!usr!bin!my prog",
};

/* The arguments with a bar between them. */
static const char *expand(const char *pattern, const struct arguments *args)
{
    static char text[CHAIN_TEXT_MAX + 64];
    _cleanup_arena_ struct arena arena = ARENA_INIT(0);
    char *const *argv;

    if (chain_expand(pattern, args, &arena, &argv) < 0)
        return "invalid";
    for (size_t n = 0; *argv; argv++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? "|" : "", *argv);
    return text;
}

START_TEST(every_specifier)
{
    ck_assert_str_eq(expand("|/bin/x %P %p %I %i %u %g %d %s %t %C %c %h %e %E %f", &crash),
                     "/bin/x|4242|4242|4243|4243|1000|100|1|11|1700000000|3|18446744073709551615|"
                     "node|a b|!usr!bin!my prog|my prog");
}
END_TEST

START_TEST(as_systemd_and_apport_have_it)
{
    ck_assert_str_eq(
        expand("|/usr/lib/systemd/systemd-coredump %P %u %g %s %t 9223372036854775808 %h", &crash),
        "/usr/lib/systemd/systemd-coredump|4242|1000|100|11|1700000000|9223372036854775808|node");
    ck_assert_str_eq(
        expand("|/usr/share/apport/apport -p%p -s%s -c%c -d%d -P%P -u%u -g%g -F%F -- %E\n", &crash),
        "/usr/share/apport/apport|-p4242|-s11|-c18446744073709551615|-d1|-P4242|-u1000|-g100|-F|"
        "--|!usr!bin!my prog");
}
END_TEST

START_TEST(percent_signs_and_what_is_no_specifier)
{
    ck_assert_str_eq(expand("|/bin/x %% 100%%x a%zb %F %", &crash), "/bin/x|%|100%x|ab||");
}
END_TEST

START_TEST(names_are_no_paths)
{
    struct arguments a = crash;

    a.hostname = "..";
    a.comm = "../../etc/x";
    a.path = "";
    ck_assert_str_eq(expand("|/bin/x %h %e %E %f", &a), "/bin/x|!.|..!..!etc!x|!|!");
    a.hostname = ".";
    a.comm = "%P %s";
    a.path = NULL;
    ck_assert_str_eq(expand("|/bin/x %h %e %f", &a), "/bin/x|!|%P %s|!");
}
END_TEST

START_TEST(what_is_unknown_is_a_number_all_the_same)
{
    struct arguments a = crash;

    a.cpu = a.signal = META_UNKNOWN;
    ck_assert_str_eq(expand("|/bin/x s%s C%C", &a), "/bin/x|s0|C0");
}
END_TEST

START_TEST(no_program)
{
    char many[4 * CHAIN_ARGUMENTS_MAX] = "|/bin/x";

    ck_assert_str_eq(expand("core", &crash), "invalid");
    ck_assert_str_eq(expand("", &crash), "invalid");
    ck_assert_str_eq(expand("|", &crash), "invalid");
    ck_assert_str_eq(expand("| /bin/x", &crash), "invalid");
    ck_assert_str_eq(expand("|bin/x", &crash), "invalid");
    ck_assert_str_eq(expand("@@/run/x", &crash), "invalid");
    for (size_t i = 0; i < CHAIN_ARGUMENTS_MAX; i++)
        strcat(many, " a");
    ck_assert_str_eq(expand(many, &crash), "invalid");
    many[strlen(many) - 2] = '\0';
    ck_assert_str_ne(expand(many, &crash), "invalid");
}
END_TEST

START_TEST(a_text_that_is_too_long)
{
    static char comm[CHAIN_TEXT_MAX + 2];
    struct arguments a = crash;

    memset(comm, 'x', CHAIN_TEXT_MAX);
    a.comm = comm;
    ck_assert_str_ne(expand("|/b %e", &a), "invalid");
    comm[CHAIN_TEXT_MAX] = 'x';
    ck_assert_str_eq(expand("|/b %e", &a), "invalid");
}
END_TEST

UNIT_MAIN("client/chain", every_specifier, as_systemd_and_apport_have_it,
          percent_signs_and_what_is_no_specifier, names_are_no_paths,
          what_is_unknown_is_a_number_all_the_same, no_program, a_text_that_is_too_long)
