/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Texts as the kernel writes them, and as a process that chooses its names would like us to read
 * them. */
#include "client/process/procfs.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define ck_assert_slice(s, text)                                                                   \
    ck_assert_msg(str_eq((s), str_from(text)), "got \"%.*s\", not \"%s\"", (int)(s).n, (s).p,      \
                  (text))

#define FIELDS "S 1 2 3 4 5 4194816 6 7 8 9 10 11 12 13 14 15 16 17 987654 19 20\n"

START_TEST(stat_is_read_from_the_last_parenthesis)
{
    static const char *const names[] = {"(plain)", "(a) R 1 (b)", "() Z 0 0)", "(new\nline)",
                                        "())))"};
    struct procfs_stat stat;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char text[256];

        snprintf(text, sizeof(text), "42 %s " FIELDS, names[i]);
        ck_assert_msg(procfs_parse_stat(str_from(text), &stat) == 0, "%s", names[i]);
        ck_assert_msg(stat.state == 'S' && stat.flags == 4194816 && stat.start_ticks == 987654,
                      "%s", names[i]);
    }
}
END_TEST

START_TEST(stat_that_is_none)
{
    static const char *const texts[] = {"", "42 (a", "42 (a) S 1 2", "42 (a) S 1 2 3 4 5 x " FIELDS,
                                        ")"};
    struct procfs_stat stat;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(procfs_parse_stat(str_from(texts[i]), &stat) == PROCFS_MALFORMED, "%s",
                      texts[i]);
}
END_TEST

START_TEST(our_own_stat)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    struct procfs_stat stat;

    ck_assert_int_eq(prctl(PR_SET_NAME, "x) R (\n Z"), 0);
    ck_assert_int_eq(io_read_file(AT_FDCWD, "/proc/thread-self/stat", &b), 0);
    ck_assert_int_eq(procfs_parse_stat((struct str){b.data, b.len}, &stat), 0);
    ck_assert_int_eq(stat.state, 'R');
    ck_assert_uint_gt(stat.start_ticks, 0);
    ck_assert(!(stat.flags & PROCFS_DUMPING));
}
END_TEST

START_TEST(a_mapping)
{
    struct procfs_mapping m;

    ck_assert_int_eq(
        procfs_parse_mapping(
            STR("7f01a000-7f01c000 r-xp 00002000 fe:01 131 /usr/lib/with blank (x).so"), &m),
        0);
    ck_assert_uint_eq(m.start, 0x7f01a000);
    ck_assert_uint_eq(m.end, 0x7f01c000);
    ck_assert_uint_eq(m.offset, 0x2000);
    ck_assert(m.executable);
    ck_assert_uint_eq(m.device_major, 0xfe);
    ck_assert_uint_eq(m.device_minor, 1);
    ck_assert_uint_eq(m.inode, 131);
    ck_assert_slice(m.path, "/usr/lib/with blank (x).so");
    ck_assert_int_eq(
        procfs_parse_mapping(STR("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   "
                                 "               [vsyscall]"),
                             &m),
        0);
    ck_assert_slice(m.path, "[vsyscall]");
    ck_assert_int_eq(procfs_parse_mapping(STR("1000-2000 rw-p 00000000 00:00 0"), &m), 0);
    ck_assert_uint_eq(m.path.n, 0);
    ck_assert(!m.executable);
}
END_TEST

START_TEST(mappings_that_are_none)
{
    static const char *const lines[] = {
        "",
        "x",
        "1000-2000",
        "2000-1000 r-xp 0 0:0 1 /x",
        "1000-2000 r-x 0 0:0 1 /x",
        "1000-2000 r-xp 0 00 1 /x",
        "1000-2000 r-xp 0 0:0 -1 /x",
        "11111111111111111-2 r-xp 0 0:0 1 /x",
        "/path/first 1000-2000 r-xp 0 0:0 1",
    };
    struct procfs_mapping m;

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_msg(procfs_parse_mapping(str_from(lines[i]), &m) == PROCFS_MALFORMED, "%s",
                      lines[i]);
}
END_TEST

START_TEST(escapes_of_paths)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"/a", "/a"},           {"/a\\012b", "/a\nb"}, {"/lib/x.so (deleted)", "/lib/x.so"},
        {"/a\\01", "/a\\01"},   {"/a\\", "/a\\"},      {"/a\\999", "/a\\999"},
        {"/a\\400", "/a\\400"}, {" (deleted)", ""},    {"", ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[64];
        size_t n;

        strcpy(path, cases[i].from);
        n = procfs_unescape(path, strlen(path));
        ck_assert_slice(((struct str){path, n}), cases[i].to);
    }
}
END_TEST

START_TEST(control_groups_and_units)
{
    static const struct {
        const char *text, *path, *unit;
    } cases[] = {
        {"0::/system.slice/web.service\n", "/system.slice/web.service", "web.service"},
        {"0::/user.slice/user-1.slice/user@1.service/app.slice/app-x.service\n",
         "/user.slice/user-1.slice/user@1.service/app.slice/app-x.service", "app-x.service"},
        {"0::/user.slice/user-1.slice/session-2.scope\n",
         "/user.slice/user-1.slice/session-2.scope", "session-2.scope"},
        {"12:cpu:/c\n1:name=systemd:/system.slice/old.service\n0::/\n", "/system.slice/old.service",
         "old.service"},
        {"0::/with:colon/x.service/inner\n", "/with:colon/x.service/inner", "x.service"},
        {"0::/system.slice/_cgroup.service\n", "/system.slice/_cgroup.service", "cgroup.service"},
        {"0::/\n", "/", ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str path;

        ck_assert_int_eq(procfs_parse_cgroup(str_from(cases[i].text), &path), 0);
        ck_assert_slice(path, cases[i].path);
        ck_assert_slice(procfs_unit(path), cases[i].unit);
    }
}
END_TEST

START_TEST(control_groups_that_are_none)
{
    struct str path;

    ck_assert_int_eq(procfs_parse_cgroup(STR(""), &path), PROCFS_MALFORMED);
    ck_assert_int_eq(procfs_parse_cgroup(STR("0:\n::\n"), &path), PROCFS_MALFORMED);
}
END_TEST

START_TEST(secure_execution)
{
    Elf64_auxv_t v[] = {{AT_PAGESZ, {4096}}, {AT_SECURE, {1}}, {AT_NULL, {0}}};

    ck_assert(procfs_auxv_secure(v, sizeof(v)));
    ck_assert(procfs_auxv_secure(v, sizeof(v[0]) + 7));
    v[1].a_un.a_val = 0;
    ck_assert(!procfs_auxv_secure(v, sizeof(v)));
    ck_assert(procfs_auxv_secure(v, sizeof(v[0]))); /* it does not say */
    ck_assert(procfs_auxv_secure(NULL, 0));
}
END_TEST

START_TEST(secure_execution_in_32_bits)
{
    Elf32_auxv_t v[] = {{AT_PAGESZ, {4096}}, {AT_UID, {1000}}, {AT_SECURE, {1}},
                        {AT_RANDOM, {1}},    {AT_NULL, {0}},   {AT_NULL, {0}}};

    ck_assert(procfs_auxv_secure(v, sizeof(v)));
}
END_TEST

START_TEST(a_pidfd)
{
    int64_t pid;

    ck_assert_int_eq(
        procfs_parse_pidfd(STR("pos:\t0\nflags:\t02000002\nPid:\t77\nNSpid:\t77\n"), &pid), 0);
    ck_assert_int_eq(pid, 77);
    ck_assert_int_eq(procfs_parse_pidfd(STR("pos:\t0\nNSpid:\t7\n"), &pid), PROCFS_MALFORMED);
}
END_TEST

START_TEST(distributions)
{
    struct str text = STR("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\nNAME='x'\nHOME=y\n");

    ck_assert_slice(procfs_os_release(text, STR("PRETTY_NAME")), "Debian GNU/Linux 12");
    ck_assert_slice(procfs_os_release(text, STR("NAME")), "x");
    ck_assert_slice(procfs_os_release(text, STR("HOME")), "y");
    ck_assert_slice(procfs_os_release(text, STR("OTHER")), "");
}
END_TEST

UNIT_MAIN("client/procfs", stat_is_read_from_the_last_parenthesis, stat_that_is_none, our_own_stat,
          a_mapping, mappings_that_are_none, escapes_of_paths, control_groups_and_units,
          control_groups_that_are_none, secure_execution, secure_execution_in_32_bits, a_pidfd,
          distributions)
