/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/sources workerd/index */
/* Files of a small tree are found where they should be, and nothing else is ever opened. The ELF
 * file is this test itself. */
#include "workerd/sources/sources.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/core/elf.h"
#include "tests/lib/unit.h"

struct fixture {
    char root[32];
    char build_id[ELF_BUILD_ID_TEXT];
    struct buf self;
};

static void fixture_init(struct fixture *f)
{
    _cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    strcpy(f->root, "/tmp/corral-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->root));
    ck_assert_int_eq(elf_build_id_fd(self, f->build_id), 0);
    buf_init(&f->self, 64u << 20);
    ck_assert_int_eq(io_read_fd(self, &f->self), 0);
}

static void fixture_fini(struct fixture *f)
{
    buf_fini(&f->self);
    io_remove_tree(AT_FDCWD, f->root);
}

#define _fixture_ _cleanup_(fixture_fini)

/* A copy of this program at a path below the root. */
static void put(const struct fixture *f, const char *path)
{
    char full[PATH_MAX], folder[PATH_MAX];

    snprintf(full, sizeof full, "%s/%s", f->root, path);
    strcpy(folder, full);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(io_mkdirs(AT_FDCWD, folder, 0700), 0);
    ck_assert_int_eq(io_replace(AT_FDCWD, full, f->self.data, f->self.len, 0600), 0);
}

static int find(const struct module_sources *s, const char *path, const char *build_id, bool main)
{
    struct module_wanted w = {.path = path, .build_id = build_id, .main = main};
    _cleanup_fd_ int fd = -1;

    return source_open_module(s, &w, &fd);
}

static int find_debug(const struct module_sources *s, const struct fixture *f, const char *path,
                      const char *link)
{
    struct module_wanted w = {.path = path, .build_id = f->build_id};
    _cleanup_fd_ int fd = -1;

    return source_open_debug(s, &w, link, &fd);
}

START_TEST(below_a_sysroot)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    const struct module_sources s = {.local = true, .sysroot = f.root};
    const struct module_sources off = {.sysroot = f.root};

    put(&f, "usr/bin/tester");
    ck_assert_int_eq(find(&s, "/usr/bin/tester", f.build_id, false), 0);
    ck_assert_int_eq(find(&s, "/usr/bin/tester", NULL, false), 0);
    ck_assert_int_eq(find(&s, "/usr/bin/tester (deleted)", f.build_id, false), 0);
    ck_assert_int_eq(find(&s, "/usr/bin/tester", "dead01", false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, "/usr/bin/other", f.build_id, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, "usr/bin/tester", f.build_id, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&off, "/usr/bin/tester", f.build_id, false), SOURCE_NOT_FOUND);
}
END_TEST

START_TEST(bytes_of_the_file_that_was_mapped)
{
    _fixture_ struct fixture f;
    char bytes[8] = "";

    fixture_init(&f);
    const struct module_sources s = {.local = true, .sysroot = f.root};
    const struct module_wanted w = {.path = "/usr/bin/tester", .build_id = f.build_id};
    const struct module_wanted other = {.path = "/usr/bin/tester", .build_id = "dead01"};

    put(&f, "usr/bin/tester");
    ck_assert_int_eq(source_read_module(&s, &w, 1, bytes, 3), 3);
    ck_assert_str_eq(bytes, "ELF");
    ck_assert_int_eq(source_read_module(&s, &w, UINT64_C(1) << 50, bytes, 3), 0);
    ck_assert_int_eq(source_read_module(&s, &w, UINT64_MAX, bytes, 3), 0);
    ck_assert_int_eq(source_read_module(&s, &other, 1, bytes, 3), 0);
}
END_TEST

START_TEST(links_stay_below_the_sysroot)
{
    _fixture_ struct fixture f;
    char link[PATH_MAX];

    fixture_init(&f);
    const struct module_sources s = {.local = true, .sysroot = f.root};

    put(&f, "usr/lib/real");
    snprintf(link, sizeof link, "%s/absolute", f.root);
    ck_assert_int_eq(symlink("/usr/lib/real", link), 0); /* there, not on this machine */
    ck_assert_int_eq(find(&s, "/absolute", f.build_id, false), 0);
    snprintf(link, sizeof link, "%s/outside", f.root);
    ck_assert_int_eq(symlink("../../../../../../proc/self/exe", link), 0);
    ck_assert_int_eq(find(&s, "/outside", f.build_id, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, "/../../../proc/self/exe", f.build_id, false), SOURCE_NOT_FOUND);
}
END_TEST

START_TEST(only_regular_files)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    const struct module_sources s = {.local = true, .sysroot = "/"};

    snprintf(path, sizeof path, "%s/fifo", f.root);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(find(&s, path, NULL, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, "/dev/zero", NULL, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, f.root, NULL, false), SOURCE_NOT_FOUND);
}
END_TEST

START_TEST(the_given_program_is_for_the_main_module)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    const struct module_sources s = {.local = true, .executable = "/proc/self/exe"};

    ck_assert_int_eq(find(&s, "/elsewhere/tester", f.build_id, true), 0);
    ck_assert_int_eq(find(&s, "/elsewhere/tester", f.build_id, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find(&s, "/elsewhere/tester", "dead01", true), SOURCE_NOT_FOUND);
}
END_TEST

START_TEST(debug_information_by_id_and_by_link)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    const char *folders[] = {f.root};
    const struct module_sources s = {.local = true, .debug_folders = folders, .n_debug_folders = 1};

    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", "tester.debug"), SOURCE_NOT_FOUND);
    put(&f, "usr/bin/.debug/tester.debug");
    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", NULL), SOURCE_NOT_FOUND);
    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", "tester.debug"), 0);
    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", "../bin/.debug/tester.debug"),
                     SOURCE_NOT_FOUND);
    snprintf(path, sizeof path, ".build-id/%.2s/%s.debug", f.build_id, f.build_id + 2);
    put(&f, path);
    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", NULL), 0);
}
END_TEST

START_TEST(a_debug_file_by_its_own_path)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    put(&f, "tester.debug");
    snprintf(path, sizeof path, "%s/tester.debug", f.root);
    const char *folders[] = {path};
    const struct module_sources s = {.local = true, .debug_folders = folders, .n_debug_folders = 1};

    ck_assert_int_eq(find_debug(&s, &f, "/usr/bin/tester", NULL), 0);
}
END_TEST

START_TEST(the_store_by_build_id)
{
    _fixture_ struct fixture f;
    struct blob_store *store;
    int fd;

    fixture_init(&f);
    ck_assert_int_eq(blob_open(f.root, true, &store), 0);
    const struct module_sources s = {.store = store};
    const struct module_wanted w = {.path = "/any", .build_id = f.build_id};
    char bytes[4];

    ck_assert_int_eq(find(&s, "/any", f.build_id, false), SOURCE_NOT_FOUND);
    ck_assert_int_eq(blob_module_begin(store, &fd), 0);
    ck_assert_int_eq(io_write(fd, f.self.data, f.self.len), 0);
    ck_assert_int_eq(blob_module_commit(store, fd, f.build_id, MODULE_UNWIND), 0);
    close(fd);
    ck_assert_int_eq(find(&s, "/any", f.build_id, false), 0);
    ck_assert_int_eq(find(&s, "/any", NULL, false), SOURCE_NOT_FOUND);
    /* a sidecar has holes where the code was */
    ck_assert_int_eq(source_read_module(&s, &w, 1, bytes, sizeof bytes), 0);
    ck_assert_int_eq(find_debug(&s, &f, "/any", NULL), SOURCE_NOT_FOUND);
    blob_close(store);
}
END_TEST

UNIT_MAIN("workerd/sources", below_a_sysroot, bytes_of_the_file_that_was_mapped,
          links_stay_below_the_sysroot, only_regular_files,
          the_given_program_is_for_the_main_module, debug_information_by_id_and_by_link,
          a_debug_file_by_its_own_path, the_store_by_build_id)
