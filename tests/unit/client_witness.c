/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
#include "client/handler/witness.h"

#include <string.h>
#include <unistd.h>

#include "common/report/meta.h"
#include "tests/lib/unit.h"

#define TAIL                                                                                       \
    " S 1 2 3 0 -1 4195840 63 0 1 0 0 0 0 0 20 0 1 0 182428 2654208 386 18446744073709551615 1 2 " \
    "3 4 5 0 0 0 65538 1 0 0 17 7 0 0 0 0 0 6 7 8 9 10 11 12 "

START_TEST(a_task)
{
    struct witness_task t;

    ck_assert_int_eq(witness_parse_task(STR("11095 (sh)" TAIL "11\n"), &t), 0);
    ck_assert_uint_eq(t.flags, 4195840);
    ck_assert_uint_eq(t.cpu, 7);
    ck_assert_uint_eq(t.ending, 11);
}
END_TEST

START_TEST(a_name_that_looks_like_numbers)
{
    struct witness_task t;

    ck_assert_int_eq(witness_parse_task(STR("1 () R 9 9 9 9 9 512 (\n 3)" TAIL "139\n"), &t), 0);
    ck_assert_uint_eq(t.flags, 4195840);
    ck_assert_uint_eq(t.ending, 139);
}
END_TEST

START_TEST(what_is_no_task)
{
    struct witness_task t = {.cpu = 99};

    ck_assert_int_eq(witness_parse_task(STR(""), &t), WITNESS_MALFORMED);
    ck_assert_int_eq(witness_parse_task(STR("1 (sh"), &t), WITNESS_MALFORMED);
    ck_assert_int_eq(witness_parse_task(STR("1 (sh)" TAIL), &t), WITNESS_MALFORMED);
    ck_assert_int_eq(witness_parse_task(STR("1 (sh) S 1 2 3 0 -1 x"), &t), WITNESS_MALFORMED);
    ck_assert_uint_eq(t.cpu, 99);
}
END_TEST

#define HEAD "Limit                     Soft Limit           Hard Limit           Units     \n"

START_TEST(the_limit_for_cores)
{
    uint64_t limit = 5;

    ck_assert_int_eq(witness_parse_limits(STR(HEAD "Max core file size        0                    "
                                                   "unlimited            bytes     \n"),
                                          &limit),
                     0);
    ck_assert_uint_eq(limit, 0);
    ck_assert_int_eq(witness_parse_limits(STR(HEAD "Max core file size        unlimited            "
                                                   "unlimited            bytes     \n"),
                                          &limit),
                     0);
    ck_assert_uint_eq(limit, UINT64_MAX);
    ck_assert_int_eq(witness_parse_limits(STR(HEAD), &limit), WITNESS_MALFORMED);
    ck_assert_int_eq(witness_parse_limits(STR("Max core file size x y\n"), &limit),
                     WITNESS_MALFORMED);
    ck_assert_int_eq(witness_parse_limits(STR("Max core file size "), &limit), WITNESS_MALFORMED);
}
END_TEST

/* This test's own process stands for the one that crashed: nothing of it is dumping. */
START_TEST(a_process)
{
    struct coredump_peer peer = {
        .pidfd = 3, .pid = getpid(), .uid = 1, .gid = 2, .dump_mode = 2, .signal = META_UNKNOWN};
    struct witness w;
    char name[WITNESS_HOSTNAME_SIZE];

    ck_assert_int_eq(witness_read(&peer, "/conf", &w), 0);
    ck_assert_int_eq(w.args.pid, getpid());
    ck_assert_int_eq(w.args.pidfd, 3);
    ck_assert_int_eq(w.args.dump_mode, 2);
    ck_assert(w.args.tid == META_UNKNOWN && w.args.signal == META_UNKNOWN);
    ck_assert_str_eq(w.args.conf_path, "/conf");
    ck_assert_int_eq(gethostname(name, sizeof(name)), 0);
    ck_assert_str_eq(w.args.hostname, name);
    ck_assert_str_eq(w.args.comm, "client_witness");
    ck_assert_ptr_null(strchr(w.args.path, '/'));
    witness_glance(&peer, "/conf", &w);
    ck_assert(w.args.pidfd == META_UNKNOWN && w.args.hostname == NULL);
    ck_assert_str_eq(w.args.comm, "client_witness");
}
END_TEST

START_TEST(a_process_that_is_gone)
{
    struct coredump_peer peer = {.pidfd = -1, .pid = INT32_MAX, .signal = 11};
    struct witness w;

    ck_assert_int_lt(witness_read(&peer, "/conf", &w), 0);
    ck_assert_int_eq(w.args.signal, 11);
    ck_assert(w.args.pidfd == META_UNKNOWN && w.args.comm == NULL);
}
END_TEST

UNIT_MAIN("client/witness", a_task, a_name_that_looks_like_numbers, what_is_no_task,
          the_limit_for_cores, a_process, a_process_that_is_gone)
