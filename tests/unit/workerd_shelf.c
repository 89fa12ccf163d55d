/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/sources */
/* An index is made once for the same files, and again when anything about it is not as it was. The
 * module is this test itself; what builds is a counter. */
#include "workerd/sources/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/core/elf.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"
#include "workerd/index/writer.h"

enum manner { WELL, REFUSING, NOT_NOW, FAILING, LYING };

struct fixture {
    char root[32], cache[64], tree[64], blobs[64];
    char build_id[ELF_BUILD_ID_TEXT];
    struct buf self;
    struct shelf shelf;
    enum manner manner;
    unsigned builds;
    bool had_debug;
    const char *problem;
};

static void add_source(struct index_writer *w, int fd, uint32_t kind, uint64_t lie)
{
    struct stat st;

    if (fd < 0)
        return;
    ck_assert_int_eq(fstat(fd, &st), 0);
    struct index_source s = {
        .kind = kind,
        .size = (uint64_t)st.st_size + lie,
        .mtime_sec = st.st_mtim.tv_sec,
        .mtime_nsec = (uint64_t)st.st_mtim.tv_nsec,
    };

    index_writer_source(w, &s);
}

static void write_index(const struct shelf_files *files, const char *build_id, bool lie, int fd)
{
    struct index_writer *w = index_writer_new();
    _cleanup_buf_ struct buf b = BUF_INIT(INDEX_SIZE_MAX);

    index_writer_identity(w, EM_X86_64, true, build_id);
    add_source(w, files->module, INDEX_SOURCE_MODULE, lie);
    add_source(w, files->debuginfo, INDEX_SOURCE_DEBUGINFO, 0);
    add_source(w, files->shared, INDEX_SOURCE_SHARED, 0);
    index_writer_flags(w, INDEX_HAS_SYMBOLS);
    index_writer_variable(w, "__abort_msg", 42);
    ck_assert_int_eq(index_writer_finish(w, &b), 0);
    ck_assert_int_eq(io_write(fd, b.data, b.len), 0);
    index_writer_free(w);
}

static int build(void *arg, const struct shelf_files *files, int out_fd, const char **ret_problem)
{
    struct fixture *f = arg;

    f->builds++;
    f->had_debug = files->debuginfo >= 0;
    ck_assert_int_ge(files->module, 0);
    if (f->manner == FAILING)
        return -EIO;
    if (f->manner == REFUSING || f->manner == NOT_NOW) {
        *ret_problem = "its headers are damaged";
        return f->manner == REFUSING ? SHELF_REFUSED : SHELF_NOT_NOW;
    }
    write_index(files, f->build_id, f->manner == LYING, out_fd);
    return 0;
}

static void fixture_init(struct fixture *f)
{
    _cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    *f = (struct fixture){.root = "/tmp/corral-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(f->root));
    snprintf(f->cache, sizeof f->cache, "%s/caches/corral", f->root);
    snprintf(f->tree, sizeof f->tree, "%s/tree", f->root);
    snprintf(f->blobs, sizeof f->blobs, "%s/blobs", f->root);
    ck_assert_int_eq(elf_build_id_fd(self, f->build_id), 0);
    buf_init(&f->self, 64u << 20);
    ck_assert_int_eq(io_read_fd(self, &f->self), 0);
    ck_assert_int_eq(mkdir(f->tree, 0700), 0);
    f->shelf = (struct shelf){
        .sources = {.local = true, .sysroot = f->tree},
        .folder = f->cache,
        .build = build,
        .arg = f,
    };
}

static void fixture_fini(struct fixture *f)
{
    blob_close(f->shelf.sources.store);
    buf_fini(&f->self);
    io_remove_tree(AT_FDCWD, f->root);
}

#define _fixture_ _cleanup_(fixture_fini)

/* A copy of this program below the tree. */
static void put(const struct fixture *f, const char *path)
{
    char full[PATH_MAX], folder[PATH_MAX];

    snprintf(full, sizeof full, "%s%s", f->tree, path);
    strcpy(folder, full);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(io_mkdirs(AT_FDCWD, folder, 0700), 0);
    ck_assert_int_eq(io_replace(AT_FDCWD, full, f->self.data, f->self.len, 0600), 0);
}

/* Opens and reads what was got; the outcome. */
static int get(struct fixture *f, const char *path)
{
    struct module_wanted w = {.path = path, .build_id = f->build_id};
    _cleanup_fd_ int fd = -1;
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
    struct index x;
    uint64_t address;
    int r = shelf_open(&f->shelf, &w, &fd, &f->problem);

    if (r != 0)
        return r;
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(io_read_fd(fd, &b), 0);
    ck_assert_int_eq(index_open(b.data, b.len, &x), 0);
    ck_assert_int_eq(index_verify(&x), 0);
    ck_assert(index_variable(&x, "__abort_msg", &address) && address == 42);
    return 0;
}

static bool is_slot(const char *name)
{
    return name[0] != '.';
}

/* The one file that lies in the cache. */
static void kept_path(const struct fixture *f, char ret[static PATH_MAX])
{
    char pattern[128];
    unsigned found = 0;

    snprintf(pattern, sizeof pattern, "%s/%.2s", f->cache, f->build_id);
    DIR *dir = opendir(pattern);
    struct dirent *e;

    ck_assert_ptr_nonnull(dir);
    while ((e = readdir(dir)))
        if (is_slot(e->d_name)) {
            snprintf(ret, PATH_MAX, "%s/%s", pattern, e->d_name);
            found++;
        }
    closedir(dir);
    ck_assert_uint_eq(found, 1);
}

static void change_byte(const char *path, off_t at)
{
    _cleanup_fd_ int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte;

    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
}

/* As if it had been asked for so many seconds ago. */
static void make_older(const char *path, time_t seconds)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    st.st_mtim.tv_sec -= seconds;
    const struct timespec times[2] = {st.st_atim, st.st_mtim};

    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(made_once)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    put(&f, "/bin/tester");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 1);
    ck_assert_int_eq(get(&f, "/bin/other"), SHELF_NO_MODULE);
    ck_assert_uint_eq(f.builds, 1);
}
END_TEST

START_TEST(again_when_a_source_changes)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    put(&f, "/bin/tester");
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    snprintf(path, sizeof path, "%s/bin/tester", f.tree);
    make_older(path, 10);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
    ck_assert(!f.had_debug);

    snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", f.build_id,
             f.build_id + 2);
    put(&f, path);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 3);
    ck_assert(f.had_debug);
}
END_TEST

START_TEST(again_when_damaged)
{
    static const off_t places[] = {0, 8 /* version */, sizeof(struct index_header), -1};
    _fixture_ struct fixture f;
    char path[PATH_MAX];
    struct stat st;

    fixture_init(&f);
    put(&f, "/bin/tester");
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    kept_path(&f, path);
    ck_assert_int_eq(stat(path, &st), 0);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        change_byte(path, places[i] < 0 ? st.st_size - 1 : places[i]);
        ck_assert_int_eq(get(&f, "/bin/tester"), 0);
        ck_assert_uint_eq(f.builds, 2 + i);
    }
    ck_assert_int_eq(truncate(path, st.st_size / 2), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2 + ARRAY_SIZE(places));
}
END_TEST

/* Damage that leaves the times alone is found when an hour has gone by. */
START_TEST(read_whole_now_and_then)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];
    struct stat st;

    fixture_init(&f);
    put(&f, "/bin/tester");
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    kept_path(&f, path);
    ck_assert_int_eq(stat(path, &st), 0);
    change_byte(path, st.st_size - 1);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};

    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    make_older(path, 3601);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);

    make_older(path, 7200);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
    ck_assert_int_eq(stat(path, &st), 0); /* that it was asked for is noted */
    ck_assert_int_lt(time(NULL) - st.st_mtim.tv_sec, 60);
}
END_TEST

START_TEST(refused)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    put(&f, "/bin/tester");
    f.manner = REFUSING;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(get(&f, "/bin/tester"), SHELF_REFUSED);
        ck_assert_str_eq(f.problem, "its headers are damaged");
    }
    ck_assert_uint_eq(f.builds, 1);

    kept_path(&f, path);
    make_older(path, 90000);
    ck_assert_int_eq(get(&f, "/bin/tester"), SHELF_REFUSED);
    ck_assert_uint_eq(f.builds, 2);

    snprintf(path, sizeof path, "%s/bin/tester", f.tree);
    make_older(path, 10);
    f.manner = WELL;
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 3);
}
END_TEST

START_TEST(not_refused_for_ever)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    put(&f, "/bin/tester");
    f.manner = NOT_NOW;
    ck_assert_int_eq(get(&f, "/bin/tester"), SHELF_REFUSED);
    ck_assert_str_eq(f.problem, "its headers are damaged");
    f.manner = FAILING;
    ck_assert_int_eq(get(&f, "/bin/tester"), -EIO);
    f.manner = WELL;
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 3);
}
END_TEST

/* Whatever was made of hostile bytes: it is not taken when it is not of these files. */
START_TEST(a_lie_is_not_kept)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    put(&f, "/bin/tester");
    f.manner = LYING;
    ck_assert_int_eq(get(&f, "/bin/tester"), SHELF_REFUSED);
    ck_assert_str_eq(f.problem, "what was made of it is no index of it");
}
END_TEST

START_TEST(without_a_place)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    put(&f, "/bin/tester");
    f.shelf.folder = NULL;
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
    f.shelf.folder = "/proc/nowhere";
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 3);
    ck_assert_uint_eq(shelf_prune(&f.shelf), 0);
}
END_TEST

START_TEST(a_cache_of_everybody_is_no_place)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    put(&f, "/bin/tester");
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_gt(shelf_prune(&f.shelf), 0);
    ck_assert_int_eq(chmod(f.cache, 0777), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
    f.shelf.quota = 1;
    ck_assert_uint_eq(shelf_prune(&f.shelf), 0);
    ck_assert_int_eq(chmod(f.cache, 0700), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2); /* nothing was dropped */
}
END_TEST

static void store_self(struct fixture *f, enum module_kind kind)
{
    _cleanup_fd_ int fd = -1;

    ck_assert_int_eq(blob_module_begin(f->shelf.sources.store, &fd), 0);
    ck_assert_int_eq(io_write(fd, f->self.data, f->self.len), 0);
    ck_assert_int_eq(blob_module_commit(f->shelf.sources.store, fd, f->build_id, kind), 0);
}

START_TEST(in_the_store)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    f.shelf.folder = NULL;
    f.shelf.sources = (struct module_sources){0};
    ck_assert_int_eq(blob_open(f.blobs, true, &f.shelf.sources.store), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), SHELF_NO_MODULE);
    store_self(&f, MODULE_EXECUTABLE);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 1);
    snprintf(path, sizeof path, "%s/modules/%.2s/%s/index", f.blobs, f.build_id, f.build_id);
    ck_assert_int_eq(access(path, R_OK), 0);
    change_byte(path, 9);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
    store_self(&f, MODULE_DEBUGINFO);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 3);

    ck_assert_uint_gt(shelf_prune(&f.shelf), 0);
    f.shelf.quota = 1;
    ck_assert_uint_eq(shelf_prune(&f.shelf), 0);
    ck_assert_int_lt(access(path, R_OK), 0);
}
END_TEST

/* A file of so many bytes in the cache, asked for so many seconds ago. */
static void keep(const struct fixture *f, const char *name, size_t size, time_t age)
{
    static const char zeros[4096];
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%.2s", f->cache, name);
    ck_assert_int_eq(io_mkdirs(AT_FDCWD, path, 0700), 0);
    snprintf(path, sizeof path, "%s/%.2s/%s", f->cache, name, name);
    ck_assert_int_eq(io_replace(AT_FDCWD, path, zeros, size, 0600), 0);
    make_older(path, age);
}

static bool is_kept(const struct fixture *f, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%.2s/%s", f->cache, name, name);
    return access(path, F_OK) == 0;
}

START_TEST(quota)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    keep(&f, "aaa-1", 1000, 500);
    keep(&f, "aab-2", 1000, 9000);
    keep(&f, "bbb-3", 1000, 7000);
    keep(&f, "ccc-4", 1000, 20);
    ck_assert_uint_eq(shelf_prune(&f.shelf), 4000); /* no limit */
    f.shelf.quota = 4000;
    ck_assert_uint_eq(shelf_prune(&f.shelf), 4000);
    f.shelf.quota = 2500;
    ck_assert_uint_eq(shelf_prune(&f.shelf), 2000);
    ck_assert(is_kept(&f, "aaa-1") && is_kept(&f, "ccc-4"));
    ck_assert(!is_kept(&f, "aab-2") && !is_kept(&f, "bbb-3"));
}
END_TEST

/* An index that is dropped stays what it was to those who have it open. */
START_TEST(dropped_while_open)
{
    _fixture_ struct fixture f;
    _cleanup_fd_ int fd = -1;
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 20);

    fixture_init(&f);
    const struct module_wanted w = {.path = "/bin/tester", .build_id = f.build_id};

    put(&f, "/bin/tester");
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_int_eq(shelf_open(&f.shelf, &w, &fd, &f.problem), 0);
    f.shelf.quota = 1;
    ck_assert_uint_eq(shelf_prune(&f.shelf), 0);
    ck_assert_int_eq(io_read_fd(fd, &b), 0);
    ck_assert_uint_gt(b.len, sizeof(struct index_header));
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_uint_eq(f.builds, 2);
}
END_TEST

START_TEST(status)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    const struct module_wanted w = {.path = "/bin/tester", .build_id = f.build_id};

    ck_assert_int_eq(shelf_status(&f.shelf, &w), MODULE_MISSING);
    put(&f, "/bin/tester");
    ck_assert_int_eq(shelf_status(&f.shelf, &w), MODULE_DEBUG); /* by its sections */
    ck_assert_uint_eq(f.builds, 0);
    ck_assert_int_eq(get(&f, "/bin/tester"), 0);
    ck_assert_int_eq(shelf_status(&f.shelf, &w), MODULE_SYMBOLS); /* as the index has it */
}
END_TEST

START_TEST(files_with_debug_information)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    const struct module_wanted w = {.path = "/bin/tester", .build_id = f.build_id};
    const struct module_wanted other = {.path = "/etc/passwd"};
    struct shelf_files files = {.module = 77};

    ck_assert_int_eq(shelf_open_files(&f.shelf, &w, &files), SHELF_NO_MODULE);
    put(&f, "/bin/tester");
    ck_assert_int_eq(shelf_open_files(&f.shelf, &other, &files), SHELF_NO_MODULE);
    ck_assert_int_eq(files.module, 77);
    ck_assert_int_eq(shelf_open_files(&f.shelf, &w, &files), 0);
    ck_assert_int_ge(files.module, 0);
    ck_assert_int_eq(files.debuginfo, -1);
    ck_assert_int_eq(files.shared, -1);
    close(files.module);
}
END_TEST

/* Whoever asks may be an attacker: what has no debug information is not handed out. */
START_TEST(no_other_files)
{
    _fixture_ struct fixture f;
    char path[PATH_MAX];

    fixture_init(&f);
    const struct module_wanted w = {.path = "/secret"};
    struct shelf_files files;

    snprintf(path, sizeof path, "%s/secret", f.tree);
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_eq(io_write(fd, "password", 8), 0);
    ck_assert_int_eq(shelf_open_files(&f.shelf, &w, &files), SHELF_NO_MODULE);
}
END_TEST

UNIT_MAIN("workerd/sources/shelf", made_once, again_when_a_source_changes, again_when_damaged,
          read_whole_now_and_then, refused, not_refused_for_ever, a_lie_is_not_kept,
          without_a_place, a_cache_of_everybody_is_no_place, in_the_store, quota,
          dropped_while_open, status, files_with_debug_information, no_other_files)
