/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Texts of /proc as Linux writes them. */
#include "client/process/facts.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define IDS(uid, gid) "Name:\tx\nUid:\t" uid "\nGid:\t" gid "\n"

static struct arena arena;
static struct crash_meta meta;

START_TEST(status)
{
    meta_init(&meta);
    facts_from_status(STR("Name:\tSeccomp:\t7\nPPid:\t12\nVmPeak:\t    3060 kB\nVmRSS:\t 10 kB\n"
                          "CapEff:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n"
                          "Seccomp_filters:\t3\n"),
                      &arena, &meta);
    ck_assert_int_eq(meta.parent_pid, 12);
    ck_assert_int_eq(meta.memory_peak, 3060 * 1024);
    ck_assert_int_eq(meta.memory_resident, 10 * 1024);
    ck_assert(meta.memory_swapped == META_UNKNOWN);
    ck_assert_int_eq(meta.seccomp, 2);
    ck_assert_int_eq(meta.no_new_privs, 1);
    ck_assert_str_eq(meta.capabilities, "000001ffffffffff");
}
END_TEST

START_TEST(who_has_more_rights)
{
    ck_assert(facts_same_ids(STR(IDS("1\t1\t1\t1", "2\t2\t2\t2"))));
    ck_assert(!facts_same_ids(STR(IDS("1\t0\t1\t1", "2\t2\t2\t2"))));
    ck_assert(!facts_same_ids(STR(IDS("1\t1\t0\t1", "2\t2\t2\t2"))));
    ck_assert(!facts_same_ids(STR(IDS("1\t1\t1\t0", "2\t2\t2\t2"))));
    ck_assert(!facts_same_ids(STR(IDS("1\t1\t1\t1", "2\t2\t3\t2"))));
    ck_assert(!facts_same_ids(STR(IDS("1\t1\t1", "2\t2\t2\t2"))));
    ck_assert(!facts_same_ids(STR("Uid:\t1\t1\t1\t1\n")));
    ck_assert(facts_is_user(STR(IDS("1\t0\t0\t0", "2\t2\t2\t2")), 1));
    ck_assert(!facts_is_user(STR(IDS("1\t0\t0\t0", "2\t2\t2\t2")), 0));
    ck_assert(!facts_is_user(STR("Name:\tUid:\t0\n"), 0));
    ck_assert(!facts_same_ids(STR("")));
}
END_TEST

START_TEST(limits)
{
    meta_init(&meta);
    facts_from_limits(
        STR("Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max cpu time              unlimited            unlimited            seconds   \n"
            "Max stack size            8388608              unlimited            bytes     \n"
            "Max open files            1024                 524288               files     \n"),
        &arena, &meta);
    ck_assert_uint_eq(meta.limits.n, 2);
    ck_assert_str_eq(meta.limits.items[0], "Max stack size 8388608 unlimited bytes");
    ck_assert_str_eq(meta.limits.items[1], "Max open files 1024 524288 files");
}
END_TEST

START_TEST(input_and_output)
{
    meta_init(&meta);
    facts_from_io(STR("rchar: 1\nread_bytes: 4096\nwrite_bytes: 12\ncancelled_write_bytes: 3\n"),
                  &meta);
    ck_assert_int_eq(meta.read_bytes, 4096);
    ck_assert_int_eq(meta.write_bytes, 12);
}
END_TEST

START_TEST(the_right_cpu)
{
    struct str text = STR("processor\t: 0\nmodel name\t: A\nmicrocode\t: 0x1\n\n"
                          "processor\t: 1\nmodel name\t: B  C\nmicrocode\t: 0x2\n\n");

    meta_init(&meta);
    meta.cpu = 1;
    facts_from_cpuinfo(text, &arena, &meta);
    ck_assert_str_eq(meta.cpu_model, "B  C");
    ck_assert_str_eq(meta.cpu_microcode, "0x2");
    meta.cpu = 7;
    facts_from_cpuinfo(text, &arena, &meta);
    ck_assert_str_eq(meta.cpu_model, "A");
}
END_TEST

START_TEST(a_signal)
{
    struct corefile core = {
        .has_siginfo = true, .code = -6, .has_sender = true, .sender_pid = 9, .sender_uid = 1000};

    meta_init(&meta);
    facts_from_core(&core, &arena, &meta);
    ck_assert(meta.signal_code == -6 && meta.sender_pid == 9 && meta.sender_uid == 1000);
    ck_assert_ptr_null(meta.signal_address);
    core = (struct corefile){.has_siginfo = true, .code = 1, .has_address = true, .address = 0x1f};
    meta_init(&meta);
    facts_from_core(&core, &arena, &meta);
    ck_assert_str_eq(meta.signal_address, "0x1f");
    ck_assert(meta.sender_pid == META_UNKNOWN);
}
END_TEST

UNIT_MAIN("client/facts", status, who_has_more_rights, limits, input_and_output, the_right_cpu,
          a_signal)
