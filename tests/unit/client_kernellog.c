/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Lines of kernels old and new, and of programs whose names were made to look like them. */
#include "client/handler/kernellog.h"

#include "tests/lib/unit.h"

#include "common/base/cleanup.h"

static const struct {
    const char *text, *comm;
    int64_t pid;
    uint64_t n;
    bool own;
    const char *why; /* a part of it; NULL: it is about something else */
} rows[] = {
    /* since 6.11 */
    {"coredump: 123(cat): over core_pipe_limit, skipping core dump", "cat", 123, 1, false,
     "core_pipe_limit"},
    {"coredump: 7(a): b): over core_pipe_limit, skipping core dump", "a): b", 7, 1, false,
     "core_pipe_limit"},
    {"coredump: 7(x): |/y): |/usr/sbin/corral-handler P7 pipe failed", "x): |/y", 7, 1, false,
     "could not start"},
    {"coredump: 7(galera): RLIMIT_CORE is set to 1, aborting core", "galera", 7, 1, false,
     "RLIMIT_CORE"},
    {"coredump: 8(corral-handler): RLIMIT_CORE is set to 1, aborting core", "corral-handler", 8, 1,
     true, "itself crashed"},
    {"coredump: 9(x): format_corename failed, aborting core", "x", 9, 1, false, "core_pattern"},
    {"coredump: 9(x): coredump_pipe failed to allocate memory", "x", 9, 1, false, "no memory"},
    {"coredump: 9(x): Core dump to |/bin/false disabled", "x", 9, 1, false, "may not start"},
    {"coredump: 9(x): Coredump socket /run/corral/core receive queue full", "x", 9, 1, false,
     "took no more"},
    {"coredump: 9(x): Coredump socket connection /run/corral/core failed -111", "x", 9, 1, false,
     "did not answer"},
    {"coredump: 9(x): Coredump socket had unexpected data", NULL, 0, 0, false, NULL},
    {"coredump: 9(x): over core_pipe_limit, skipping core dump today", NULL, 0, 0, false, NULL},
    {"coredump: (x): over core_pipe_limit, skipping core dump", NULL, 0, 0, false, NULL},
    {"coredump_pipe: 12 callbacks suppressed", "", 0, 12, false, "left its line out"},
    {"show_signal_msg: 18 callbacks suppressed", NULL, 0, 0, false, NULL},
    {"coredump: 99999999999999999999 callbacks suppressed", NULL, 0, 0, false, NULL},
    /* until 6.10 */
    {"Pid 2216944(vasp_std) over core_pipe_limit", "vasp_std", 2216944, 1, false,
     "core_pipe_limit"},
    {"Pid 3() over core_pipe_limit) over core_pipe_limit", ") over core_pipe_limit", 3, 1, false,
     "core_pipe_limit"},
    {"Skipping core dump", NULL, 0, 0, false, NULL},
    {"Process 5(corral-handler) has RLIMIT_CORE set to 1", "corral-handler", 5, 1, true,
     "itself crashed"},
    {"Aborting core", NULL, 0, 0, false, NULL},
    {"Core dump to |/usr/sbin/corral-handler P5 ecat pipe failed", "", 0, 1, false,
     "could not start"},
    {"format_corename failed", "", 0, 1, false, "core_pattern"},
    {"do_coredump failed to allocate memory", "", 0, 1, false, "no memory"},
    /* our own death */
    {"corral-handler[42]: segfault at 0 ip 00005652e409ed02 sp 00007ffc81264270 error 6",
     "corral-handler", 42, 1, true, "itself crashed"},
    {"traps: corral-handler[42] general protection fault ip:1 sp:2 error:0", "corral-handler", 42,
     1, true, "itself crashed"},
    {"traps: corral-handler[42] trap invalid opcode ip:1 sp:2 error:0", "corral-handler", 42, 1,
     true, "itself crashed"},
    {"corral-handler[42]: says something", NULL, 0, 0, false, NULL},
    {"nullderef[42]: segfault at 10 ip 1 sp 2 error 4", NULL, 0, 0, false, NULL},
    {"audit: type=1326 audit(1.2:3): auid=1 uid=0 gid=0 ses=1 pid=77 comm=\"handler\" "
     "exe=\"/usr/sbin/corral-handler\" sig=31 arch=c000003e syscall=439 compat=0 ip=0x7 code=0x8",
     "corral-handler", 77, 1, true, "itself crashed"},
    {"audit: type=1326 audit(1.2:3): pid=77 comm=\"x\" exe=\"/bin/x\" sig=31", NULL, 0, 0, false,
     NULL},
    {"Memory cgroup out of memory: Killed process 9 (corral-handler) total-vm:1kB",
     "corral-handler", 9, 1, true, "itself crashed"},
    {"Out of memory: Killed process 9 (corral-handlers) total-vm:1kB", NULL, 0, 0, false, NULL},
};

START_TEST(lines_are_told_apart)
{
    const struct kernellog_record r = {.text = str_from(rows[_i].text)};
    struct kernellog_missed m;
    int outcome = kernellog_missed(&r, STR("corral-handler"), &m);

    ck_assert_int_eq(outcome, rows[_i].why ? 0 : KERNELLOG_OTHER);
    if (outcome != 0)
        return;
    ck_assert_msg(str_find(str_from(m.why), str_from(rows[_i].why)) >= 0, "%s", m.why);
    ck_assert_msg(str_eq(m.comm, str_from(rows[_i].comm)), "%.*s", (int)m.comm.n, m.comm.p);
    ck_assert_int_eq(m.pid, rows[_i].pid);
    ck_assert_uint_eq(m.n, rows[_i].n);
    ck_assert_int_eq(m.own, rows[_i].own);
}
END_TEST

/* Root's programs may write to the log, too; what they say there is not the kernel's word. */
START_TEST(only_the_kernel_is_believed)
{
    struct kernellog_record r;
    struct kernellog_missed m;
    struct str line = STR("12,9,5,-;Pid 3(x) over core_pipe_limit\n");

    ck_assert_int_eq(kernellog_parse(line, &r), 0);
    ck_assert_uint_eq(r.facility, 1);
    ck_assert_int_eq(kernellog_missed(&r, STR("h"), &m), KERNELLOG_OTHER);
}
END_TEST

START_TEST(records)
{
    static const char *const bad[] = {"",          ";",         "1;x",       "1,2;x",
                                      "a,2,3,-;x", "1,b,3,-;x", "1,2,c,-;x", "6,370,2708135317,-"};
    struct kernellog_record r;

    ck_assert_int_eq(
        kernellog_parse(STR("4,384,2787721764,-,caller=T1;one; two\n SUBSYSTEM=x\n"), &r), 0);
    ck_assert_uint_eq(r.sequence, 384);
    ck_assert_int_eq(r.time, 2787721764);
    ck_assert_uint_eq(r.facility, 0);
    ck_assert(str_eq(r.text, STR("one; two")));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(kernellog_parse(str_from(bad[i]), &r) == KERNELLOG_MALFORMED, "%s", bad[i]);
}
END_TEST

UNIT_TABLES_MAIN("client/kernellog", {lines_are_told_apart, ARRAY_SIZE(rows)},
                 {only_the_kernel_is_believed, 1}, {records, 1})
