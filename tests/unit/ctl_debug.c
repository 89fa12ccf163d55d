/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* What a debugger is shown, and told; what the cache drops; what systemd-coredump's names say. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "client/ctl/coredumps.h"
#include "client/ctl/debug/debugger.h"
#include "client/ctl/debug/eviction.h"
#include "client/ctl/debug/modules.h"
#include "client/ctl/debug/soname.h"
#include "client/ctl/debug/sysroot.h"
#include "client/ctl/unpack.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/core/features.h"
#include "common/report/jsontree.h"
#include "tests/lib/unit.h"

static char folder[] = "/tmp/corral-unit.XXXXXX";

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}

/* --- The folder that a debugger is shown --- */

static const struct {
    const char *path;
    bool added;
    const char *at; /* below root/ */
} paths[] = {
    {"/usr/bin/app", true, "usr/bin/app"},
    {"/app", true, "app"},
    {"/usr/bin/app (deleted)", true, "usr/bin/app"},
    {"/a b/c\n", true, "a b/c\n"},
    {"app", false, NULL},
    {"", false, NULL},
    {"/", false, NULL},
    {"/usr/", false, NULL},
    {"//app", false, NULL},
    {"/../../tmp/x", false, NULL},
    {"/usr/../x", false, NULL},
    {"/./x", false, NULL},
    {"/usr/..", false, NULL},
    {"[vdso]", false, NULL},
};

START_TEST(paths_stay_below)
{
    struct sysroot s;
    char path[PATH_MAX + 64], target[64] = "";

    make_folder();
    ck_assert_int_eq(sysroot_new(folder, &s), 0);
    ck_assert_int_eq(sysroot_add(&s, paths[_i].path, "/file"), paths[_i].added);
    if (paths[_i].at) {
        snprintf(path, sizeof(path), "%s/root/%s", s.path, paths[_i].at);
        ck_assert_int_eq(readlink(path, target, sizeof(target) - 1), 5);
        ck_assert_str_eq(target, "/file");
    }
    sysroot_free(&s);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(no_link_is_followed)
{
    char outside[64];
    struct sysroot s;

    make_folder();
    ck_assert_int_eq(sysroot_new(folder, &s), 0);
    snprintf(outside, sizeof(outside), "%.40s/outside", folder);
    ck_assert_int_eq(mkdir(outside, 0700), 0);
    ck_assert(sysroot_add(&s, "/lib", outside));
    ck_assert(!sysroot_add(&s, "/lib/evil", "/file"));
    ck_assert(!sysroot_add(&s, "/lib", "/other"));
    ck_assert_int_eq(rmdir(outside), 0);
    ck_assert(sysroot_add_name(&s, "libx.so.1", "/file"));
    ck_assert(!sysroot_add_name(&s, "../libx.so.1", "/file"));
    ck_assert(!sysroot_add_name(&s, "..", "/file"));
    ck_assert_int_eq(sysroot_add_debug(&s, "abcdef", "/file"), 0);
    ck_assert_int_eq(faccessat(s.fd, "debug/.build-id/ab/cdef.debug", F_OK, AT_SYMLINK_NOFOLLOW),
                     0);
    sysroot_free(&s);
    remove_folder();
}
END_TEST

/* --- Its command line --- */

START_TEST(a_debugger_runs_nothing_that_it_finds)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char last[] = "bt full", *rest[] = {last};
    struct debugger_job job = {.session = "/c/session.1",
                               .executable = "/c/x",
                               .core = "/c/core",
                               .words = " -batch  -ex ",
                               .rest = rest,
                               .n_rest = 1};
    char **argv = debugger_command(&job, &a);
    bool off = false, asks = false;
    size_t n = 0;

    for (; argv[n]; n++) {
        off |= strcmp(argv[n], "set auto-load off") == 0 && strcmp(argv[n - 1], "-iex") == 0;
        asks |= strcmp(argv[n], "set debuginfod enabled on") == 0;
    }
    ck_assert_str_eq(argv[0], "gdb");
    ck_assert_str_eq(argv[1], "-nx");
    ck_assert(off && !asks);
    ck_assert_str_eq(argv[n - 3], "-batch");
    ck_assert_str_eq(argv[n - 2], "-ex");
    ck_assert_str_eq(argv[n - 1], "bt full");
    job.lldb = true;
    argv = debugger_command(&job, &a);
    ck_assert_str_eq(argv[0], "lldb");
    ck_assert_str_eq(argv[1], "--no-lldbinit");
}
END_TEST

START_TEST(too_many_arguments)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char *rest[DEBUGGER_ARGUMENTS_MAX], word[] = "x";
    struct debugger_job job = {
        .session = "/s", .core = "/c", .rest = rest, .n_rest = DEBUGGER_ARGUMENTS_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
        rest[i] = word;
    ck_assert_ptr_null(debugger_command(&job, &a));
}
END_TEST

/* --- Modules --- */

START_TEST(hostile_modules_are_left_out)
{
    static const char event[] =
        "{\"executable\":\"/bin/app\",\"meta\":{\"executable\":\"/bin/app\",\"modules\":["
        "{\"path\":\"/lib/a\",\"build_id\":\"aabb\"},{\"path\":\"/lib/a\",\"build_id\":\"aabb\"},"
        "{\"path\":\"/lib/b\",\"build_id\":\"../../x\"},{\"path\":\"/lib/c\"},"
        "{\"path\":\"[vdso]\",\"build_id\":\"ccdd\"},{\"path\":7,\"build_id\":\"ccdd\"},"
        "{\"path\":\"/lib/d\",\"build_id\":\"AABB\"},{\"path\":\"/lib/e\",\"build_id\":\"aa\"},"
        "{\"path\":\"/bin/app (deleted)\",\"build_id\":\"eeff\"}]}}";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_json_ json_t *json = jsontree_object(str_from(event), 1000, NULL);
    struct modules m = modules_of(json, &a);

    ck_assert_uint_eq(m.n, 2);
    ck_assert(m.items[0].program && !m.items[1].program);
    ck_assert_str_eq(m.items[0].build_id, "eeff");
    ck_assert_str_eq(m.items[1].path, "/lib/a");
}
END_TEST

START_TEST(names_and_features_of_our_own_files)
{
    _cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY), libc = -1;
    char name[NAME_MAX + 1] = "none", line[PATH_MAX + 128];
    _cleanup_file_ FILE *maps = fopen("/proc/self/maps", "re");
    unsigned features = 0;
    uint16_t type = 0;

    ck_assert_int_eq(features_read(self, &features, &type), 0);
    ck_assert_uint_eq(features & (FEATURE_CODE | FEATURE_UNWIND | FEATURE_DEBUG),
                      FEATURE_CODE | FEATURE_UNWIND | FEATURE_DEBUG);
    ck_assert(!soname_read(self, name));
    ck_assert_str_eq(name, "none");
    while (libc < 0 && fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');

        if (path && strstr(path, "/libc.so.6")) {
            path[strcspn(path, "\n")] = '\0';
            libc = open(path, O_RDONLY | O_CLOEXEC);
        }
    }
    if (libc >= 0) {
        ck_assert(soname_read(libc, name));
        ck_assert_str_eq(name, "libc.so.6");
    }
}
END_TEST

/* --- Unpacking --- */

static int temporary(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

#define PLAIN_SIZE (1u << 20)

START_TEST(holes_stay_holes)
{
    static char plain[PLAIN_SIZE], packed[PLAIN_SIZE], back[PLAIN_SIZE];
    _cleanup_fd_ int from = temporary(), to = temporary();
    struct stat st;
    size_t n;

    memcpy(plain + 300000, "core", 4);
    n = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
    ck_assert_int_eq(io_write(from, packed, n), 0);
    ck_assert_int_eq(unpack_file(from, to, 4096), 0);
    ck_assert_int_eq(io_pread(to, back, sizeof(back), 0), PLAIN_SIZE);
    ck_assert_mem_eq(plain, back, PLAIN_SIZE);
    ck_assert_int_eq(fstat(to, &st), 0);
    ck_assert_int_eq(st.st_size, PLAIN_SIZE);
    ck_assert_int_le(st.st_blocks * 512, 64 * 1024);
}
END_TEST

START_TEST(what_is_damaged_or_too_large)
{
    static char plain[PLAIN_SIZE], packed[2 * PLAIN_SIZE];
    _cleanup_fd_ int from = temporary(), cut = temporary(), to = temporary();
    size_t n;

    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (char)(i * 7919 >> 3);
    n = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 1);
    ck_assert_int_eq(io_write(from, packed, n), 0);
    ck_assert_int_eq(unpack_file(from, to, PLAIN_SIZE / 2), -EFBIG);
    ck_assert_int_eq(io_write(cut, packed, n / 2), 0);
    ck_assert_int_eq(unpack_file(cut, to, PLAIN_SIZE), -EBADMSG);
}
END_TEST

/* --- The cache's size --- */

static void make_entry(const char *name, size_t bytes, time_t used)
{
    const struct timespec times[] = {{.tv_sec = used}, {.tv_sec = used}};
    static char data[64 * 1024];
    char path[PATH_MAX];

    memset(data, 1, sizeof(data));
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%s/executable", folder, name);
    ck_assert_int_eq(io_replace(AT_FDCWD, path, data, bytes, 0600), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool there(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

START_TEST(the_oldest_goes_first)
{
    _cleanup_fd_ int fd = -1;

    make_folder();
    make_entry("aa", 65536, 1000);
    make_entry("bb", 65536, 3000);
    make_entry("cc", 65536, 2000);
    make_entry("dd", 65536, 5000);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(eviction_run(fd, 1 << 20, 4000), 0);
    ck_assert(there("aa") && there("bb") && there("cc") && there("dd"));
    ck_assert_int_eq(eviction_run(fd, 150000, 4000), 0);
    ck_assert(!there("aa") && there("bb") && !there("cc") && there("dd"));
    ck_assert_int_eq(eviction_run(fd, 1, 4000), 0);
    ck_assert(!there("bb") && there("dd")); /* used in this session */
    remove_folder();
}
END_TEST

/* --- systemd-coredump --- */

#define BOOT "0123456789abcdef0123456789abcdef"

static const struct {
    const char *file;
    bool theirs;
    enum coredump_packing packing;
} names[] = {
    {"core.app.0." BOOT ".4711.1700000000123456.zst", true, COREDUMP_ZSTD},
    {"core.app.0." BOOT ".4711.1700000000123456", true, COREDUMP_PLAIN},
    {"/x/core.a\\x2eb.c.1000." BOOT ".1.1700000000123456.lz4", true, COREDUMP_OTHER},
    {"core.app.0." BOOT ".4711.1700000000123456.xz", true, COREDUMP_OTHER},
    {"core.app.0." BOOT ".4711.x.zst", false, 0},
    {"core.app.0." BOOT "00.4711.1700000000123456", false, 0},
    {"core.app.-1." BOOT ".4711.1700000000123456", false, 0},
    {"score.app.0." BOOT ".4711.1700000000123456", false, 0},
    {"core", false, 0},
    {"core.", false, 0},
    {"", false, 0},
    {".zst", false, 0},
};

START_TEST(their_names)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct coredump c;

    ck_assert_int_eq(coredump_name(names[_i].file, &a, &c), names[_i].theirs);
    if (!names[_i].theirs)
        return;
    ck_assert_int_eq(c.packing, names[_i].packing);
    ck_assert_int_eq(c.at, 1700000000123456);
    ck_assert(uuid_valid(str_from(c.id)));
    ck_assert_int_eq(uuid_time_msec(c.id), 1700000000123);
}
END_TEST

START_TEST(packing_is_not_part_of_the_crash)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct coredump plain, packed, other;

    ck_assert(coredump_name(names[0].file, &a, &packed));
    ck_assert(coredump_name(names[1].file, &a, &plain));
    ck_assert(coredump_name("core.app.0." BOOT ".4712.1700000000123456", &a, &other));
    ck_assert_str_eq(plain.id, packed.id);
    ck_assert_str_ne(plain.id, other.id);
}
END_TEST

UNIT_TABLES_MAIN("ctl/debug", {paths_stay_below, ARRAY_SIZE(paths)}, {no_link_is_followed, 1},
                 {a_debugger_runs_nothing_that_it_finds, 1}, {too_many_arguments, 1},
                 {hostile_modules_are_left_out, 1}, {names_and_features_of_our_own_files, 1},
                 {holes_stay_holes, 1}, {what_is_damaged_or_too_large, 1},
                 {the_oldest_goes_first, 1}, {their_names, ARRAY_SIZE(names)},
                 {packing_is_not_part_of_the_crash, 1})
