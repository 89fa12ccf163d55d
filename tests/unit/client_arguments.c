/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
#include "client/process/arguments.h"

#include "client/spool/settings.h"
#include "common/base/cleanup.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

#define parse(ret, ...)                                                                            \
    ({                                                                                             \
        const char *argv_[] = {"corral-handler", __VA_ARGS__};                                     \
        arguments_parse((int)ARRAY_SIZE(argv_), (char **)(uintptr_t)argv_, (ret));                 \
    })

START_TEST(the_whole_line)
{
    struct arguments a;

    ck_assert_int_eq(parse(&a, "P4242", "I4243", "u1000", "g100", "s11", "t1700000000",
                           "c18446744073709551615", "d1", "C3", "F3", "hnode", "ename",
                           "E!bin!name"),
                     0);
    ck_assert_int_eq(a.pid, 4242);
    ck_assert_int_eq(a.tid, 4243);
    ck_assert_int_eq(a.uid, 1000);
    ck_assert_int_eq(a.gid, 100);
    ck_assert_int_eq(a.signal, 11);
    ck_assert_int_eq(a.time, 1700000000);
    ck_assert_uint_eq(a.core_limit, UINT64_MAX);
    ck_assert_int_eq(a.dump_mode, 1);
    ck_assert_int_eq(a.cpu, 3);
    ck_assert_int_eq(a.pidfd, 3);
    ck_assert_str_eq(a.hostname, "node");
    ck_assert_str_eq(a.comm, "name");
    ck_assert_str_eq(a.path, "!bin!name");
    ck_assert_str_eq(a.conf_path, SETTINGS_FILE);
}
END_TEST

START_TEST(an_old_kernel_leaves_values_empty)
{
    struct arguments a;

    ck_assert_int_eq(parse(&a, "s6", "F", "c", "zfuture", "", "P7"), 0);
    ck_assert_int_eq(a.pid, 7);
    ck_assert_int_eq(a.signal, 6);
    ck_assert(a.pidfd == META_UNKNOWN);
    ck_assert_uint_eq(a.core_limit, UINT64_MAX);
    ck_assert_ptr_null(a.comm);
}
END_TEST

START_TEST(the_configuration_in_both_forms)
{
    struct arguments a;

    ck_assert_int_eq(parse(&a, "-c", "/a/b", "P1"), 0);
    ck_assert_str_eq(a.conf_path, "/a/b");
    ck_assert_int_eq(a.pid, 1);
    ck_assert_int_eq(parse(&a, "-c/a/b", "P1"), 0);
    ck_assert_str_eq(a.conf_path, "/a/b");
    ck_assert_int_eq(parse(&a, "P1", "-c/a/b"), 0);
    ck_assert_str_eq(a.conf_path, SETTINGS_FILE);
}
END_TEST

/* Before 5.3 the kernel split "ename P1 u0" into three arguments. */
START_TEST(a_name_that_looks_like_arguments_changes_nothing)
{
    struct arguments a;

    ck_assert_int_eq(parse(&a, "P4242", "u1000", "d2", "ename", "P1", "u0", "d1", "eother"), 0);
    ck_assert_int_eq(a.pid, 4242);
    ck_assert_int_eq(a.uid, 1000);
    ck_assert_int_eq(a.dump_mode, 2);
    ck_assert_str_eq(a.comm, "name");
}
END_TEST

START_TEST(malformed_numbers_are_unknown)
{
    struct arguments a;

    ck_assert_int_eq(parse(&a, "P12x"), ARGUMENTS_NO_PID);
    ck_assert_int_eq(parse(&a, "P0"), ARGUMENTS_NO_PID);
    ck_assert_int_eq(parse(&a, "P99999999999"), ARGUMENTS_NO_PID);
    ck_assert_int_eq(parse(&a, "P5", "u-1", "s+11", "d3"), 0);
    ck_assert(a.uid == META_UNKNOWN && a.signal == META_UNKNOWN && a.dump_mode == META_UNKNOWN);
    ck_assert_int_eq(parse(&a, "-c"), ARGUMENTS_NO_PID);
}
END_TEST

UNIT_MAIN("client/arguments", the_whole_line, an_old_kernel_leaves_values_empty,
          the_configuration_in_both_forms, a_name_that_looks_like_arguments_changes_nothing,
          malformed_numbers_are_unknown)
