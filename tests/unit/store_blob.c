/* SPDX-License-Identifier: Apache-2.0 */
/* A store for real, in a temporary folder. That what is committed survives a power cut is for the
 * integration tests; that it survives kill -9, and that nothing half is ever seen, is here. */
#include "common/store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define CORE_BYTES (64 * 1024)
#define KILLS      40
#define MAKERS     8
#define DAY_USEC   (86400 * USEC_PER_SEC)

static char root[64];

static struct blob_store *store_new(void)
{
    struct blob_store *s;

    strcpy(root, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(blob_open(root, true, &s), 0);
    return s;
}

static void store_end(struct blob_store *s)
{
    blob_close(s);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, root), 0);
}

static void write_file(int dir_fd, const char *name, const void *p, size_t n)
{
    _cleanup_fd_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0640);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(io_write(fd, p, n), 0);
    ck_assert_int_eq(fsync(fd), 0);
}

static void fill(char core[static CORE_BYTES], const char *id)
{
    for (size_t i = 0; i < CORE_BYTES; i++)
        core[i] = id[i % (strlen(id) + 1)];
}

/* Commits a crash whose files can be told from its id. */
static int commit(struct blob_store *s, const char *id)
{
    _cleanup_fd_ int fd = -1;
    char name[BLOB_PATH_SIZE], core[CORE_BYTES];
    int r;

    ck_assert_int_eq(blob_crash_begin(s, name, &fd), 0);
    fill(core, id);
    write_file(fd, "core.zst", core, sizeof(core));
    write_file(fd, "meta.json", id, strlen(id));
    r = blob_crash_commit(s, name, fd, id);
    if (r)
        blob_crash_discard(s, name);
    return r;
}

static void check_whole(struct blob_store *s, const char *id)
{
    _cleanup_buf_ struct buf b;
    char core[CORE_BYTES];

    buf_init(&b, 2 * CORE_BYTES);
    fill(core, id);
    ck_assert_int_eq(blob_crash_read(s, id, "core.zst", &b), 0);
    ck_assert_uint_eq(b.len, sizeof(core));
    ck_assert_mem_eq(b.data, core, sizeof(core));
    buf_clear(&b);
    ck_assert_int_eq(blob_crash_read(s, id, "meta.json", &b), 0);
    ck_assert_str_eq(buf_text(&b), id);
}

static int count_one(const char *crash_id, void *arg)
{
    (void)crash_id;
    ++*(int *)arg;
    return 0;
}

static int count_pending(struct blob_store *s, int64_t min_age)
{
    int n = 0;

    ck_assert_int_eq(blob_pending_each(s, min_age, count_one, &n), 0);
    return n;
}

static unsigned count_files(const char *folder)
{
    char path[128];
    _cleanup_dir_ DIR *dir = NULL;
    unsigned n = 0;

    snprintf(path, sizeof(path), "%s/%s", root, folder);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    return n;
}

START_TEST(layout)
{
    static const char *const folders[] = {"crashes", "modules", "pending", "partial", "tmp"};
    mode_t before = umask(077);
    struct blob_store *s, *again = NULL;
    uint64_t bytes = 0;

    strcpy(root, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chmod(root, 02770), 0);
    ck_assert_int_eq(blob_open(root, true, &s), 0);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        char path[128];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 02770);
    }
    ck_assert_int_eq(blob_free_bytes(s, &bytes), 0);
    ck_assert_uint_gt(bytes, 0);
    ck_assert_int_eq(blob_open(root, false, &again), 0);
    blob_close(again);
    store_end(s);
    ck_assert_int_eq(blob_open(root, false, &again), -ENOENT);
    blob_close(NULL);
    umask(before);
}
END_TEST

START_TEST(crash_round_trip)
{
    struct blob_store *s = store_new();
    const char *id = "01a1fd49-499d-7efe-94a3-d1ea00331216";
    _cleanup_fd_ int fd = -1, file = -1;
    _cleanup_buf_ struct buf b;
    char path[160];

    buf_init(&b, 100);
    ck_assert_int_eq(commit(s, id), 0);
    check_whole(s, id);
    ck_assert(blob_pending_has(s, id));
    /* The day inside the id, which `date -d @$((0x01a1fd49499d / 1000))` knows, too. */
    snprintf(path, sizeof(path), "%s/crashes/2026/11/21/%s/core.zst", root, id);
    ck_assert_int_eq(access(path, R_OK), 0);
    ck_assert_int_eq(blob_crash_open(s, id, &fd), 0);
    ck_assert_int_eq(faccessat(fd, "meta.json", R_OK, 0), 0);
    ck_assert_int_eq(blob_crash_file(s, id, "analysis.json", &file), BLOB_NOT_FOUND);
    ck_assert_int_eq(blob_crash_write_analysis(s, id, STR("{\"first\":1}")), 0);
    ck_assert_int_eq(blob_crash_write_analysis(s, id, STR("{}")), 0);
    ck_assert_int_eq(blob_crash_read(s, id, "analysis.json", &b), 0);
    ck_assert_str_eq(buf_text(&b), "{}");
    ck_assert_uint_eq(count_files("tmp"), 0);
    store_end(s);
}
END_TEST

START_TEST(taken_id_changes_nothing)
{
    struct blob_store *s = store_new();
    _cleanup_fd_ int fd = -1;
    char id[UUID_TEXT_SIZE], name[BLOB_PATH_SIZE];

    uuid_new(id);
    ck_assert_int_eq(commit(s, id), 0);
    ck_assert_int_eq(blob_pending_remove(s, id), 0); /* a worker is done with it */
    ck_assert_int_eq(blob_crash_begin(s, name, &fd), 0);
    write_file(fd, "meta.json", "other", 5);
    ck_assert_int_eq(blob_crash_commit(s, name, fd, id), BLOB_EXISTS);
    check_whole(s, id);
    ck_assert(!blob_pending_has(s, id));
    ck_assert_uint_eq(count_files("tmp"), 1);
    blob_crash_discard(s, name);
    ck_assert_uint_eq(count_files("tmp"), 0);
    store_end(s);
}
END_TEST

struct maker {
    struct blob_store *s;
    const char *id;
    int outcome;
};

static void *make(void *arg)
{
    struct maker *m = arg;

    m->outcome = commit(m->s, m->id);
    return NULL;
}

START_TEST(one_of_many_makers_wins)
{
    struct blob_store *s = store_new();
    struct maker makers[MAKERS];
    pthread_t threads[MAKERS];
    char id[UUID_TEXT_SIZE];
    int won = 0;

    uuid_new(id);
    for (size_t i = 0; i < MAKERS; i++) {
        makers[i] = (struct maker){s, id, -1};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make, &makers[i]), 0);
    }
    for (size_t i = 0; i < MAKERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(makers[i].outcome == 0 || makers[i].outcome == BLOB_EXISTS);
        won += makers[i].outcome == 0;
    }
    ck_assert_int_eq(won, 1);
    check_whole(s, id);
    ck_assert(blob_pending_has(s, id)); /* the losers have left the winner's alone */
    ck_assert_uint_eq(count_files("tmp"), 0);
    store_end(s);
}
END_TEST

START_TEST(unfinished_is_invisible_and_swept)
{
    struct blob_store *s = store_new();
    _cleanup_fd_ int fd = -1;
    char id[UUID_TEXT_SIZE], name[BLOB_PATH_SIZE];

    uuid_new(id);
    ck_assert_int_eq(blob_crash_begin(s, name, &fd), 0);
    write_file(fd, "core.zst", "half", 4);
    ck_assert_int_eq(count_pending(s, 0), 0);
    ck_assert_uint_eq(count_files("crashes"), 0);
    ck_assert_int_eq(blob_sweep_tmp(s, DAY_USEC), 0);
    ck_assert_uint_eq(count_files("tmp"), 1);
    ck_assert_int_eq(blob_sweep_tmp(s, 0), 0);
    ck_assert_uint_eq(count_files("tmp"), 0);
    /* Whoever was still at it learns that it is gone, and no half is published. */
    ck_assert_int_lt(blob_crash_commit(s, name, fd, id), 0);
    ck_assert_int_eq(blob_crash_file(s, id, "core.zst", &fd), BLOB_NOT_FOUND);
    store_end(s);
}
END_TEST

/* Else who tidies up could take the entry away between its renewal and the crash. */
START_TEST(a_pending_entry_that_is_made_again_is_young)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct blob_store *s = store_new();
    char id[UUID_TEXT_SIZE], path[160];

    uuid_new(id);
    ck_assert_int_eq(blob_pending_add(s, id), 0);
    snprintf(path, sizeof(path), "%s/pending/%s", root, id);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    ck_assert_int_eq(count_pending(s, DAY_USEC), 1);
    ck_assert_int_eq(blob_pending_add(s, id), 0);
    ck_assert_int_eq(count_pending(s, DAY_USEC), 0);
    ck_assert_int_eq(count_pending(s, 0), 1);
    store_end(s);
}
END_TEST

/* Commits without end; the ids that were acknowledged go to the pipe. */
static void commit_until_killed(int report)
{
    struct blob_store *s;
    char id[UUID_TEXT_SIZE];

    if (blob_open(root, false, &s) < 0)
        _exit(1);
    for (;;) {
        uuid_new(id);
        if (commit(s, id) != 0 || io_write(report, id, sizeof(id)) != 0)
            _exit(1);
    }
}

static int check_pending_whole(const char *crash_id, void *arg)
{
    struct blob_store *s = arg;
    int fd;

    if (blob_crash_open(s, crash_id, &fd) == BLOB_NOT_FOUND)
        return 0; /* killed between entry and rename: dropped by whoever finds it */
    close(fd);
    check_whole(s, crash_id);
    return 0;
}

START_TEST(kill_at_any_time)
{
    struct blob_store *s = store_new();
    unsigned acknowledged = 0;

    for (int i = 0; i < KILLS; i++) {
        char id[UUID_TEXT_SIZE];
        uint8_t random;
        int ends[2];
        pid_t pid;

        ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0)
            commit_until_killed(ends[1]);
        close(ends[1]);
        random_bytes(&random, sizeof(random));
        ck_assert_int_eq(io_read(ends[0], id, sizeof(id)), sizeof(id));
        clock_sleep(random * 20);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        do {
            check_whole(s, id);
            ck_assert(blob_pending_has(s, id));
            acknowledged++;
        } while (io_read(ends[0], id, sizeof(id)) == sizeof(id));
        close(ends[0]);
    }
    ck_assert_uint_ge(acknowledged, KILLS);
    ck_assert_int_eq(blob_pending_each(s, 0, check_pending_whole, s), 0);
    store_end(s);
}
END_TEST

START_TEST(hostile_crash_ids)
{
    static const char *const ids[] = {
        "",
        ".",
        "..",
        "../../../../etc/passwd",
        "01a1fd49-499d-7efe-94a3-d1ea0033121",
        "01a1fd49-499d-7efe-94a3-d1ea003312166",
        "01A1FD49-499D-7EFE-94A3-D1EA00331216",
        "01a1fd49-499d-4efe-94a3-d1ea00331216",
        "01a1fd49-499d-7efe-14a3-d1ea00331216",
        "01a1fd49/499d-7efe-94a3-d1ea00331216",
        "01a1fd49-499d-7efe-94a3-d1ea0033121/",
        "ffffffff-ffff-7efe-94a3-d1ea00331216", /* the year 10889 */
    };
    struct blob_store *s = store_new();
    _cleanup_buf_ struct buf b;
    int fd = -1;

    buf_init(&b, 100);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        ck_assert_msg(!blob_crash_id_valid(str_from(ids[i])), "%s", ids[i]);
        ck_assert_msg(commit(s, ids[i][0] ? ids[i] : "0") == -EINVAL, "%s", ids[i]);
        ck_assert_int_eq(blob_crash_open(s, ids[i], &fd), BLOB_NOT_FOUND);
        ck_assert_int_eq(blob_crash_read(s, ids[i], "meta.json", &b), BLOB_NOT_FOUND);
        ck_assert_int_eq(blob_crash_write_analysis(s, ids[i], STR("{}")), BLOB_NOT_FOUND);
        ck_assert_int_eq(blob_pending_add(s, ids[i]), -EINVAL);
        ck_assert_int_eq(blob_pending_remove(s, ids[i]), 0);
        ck_assert(!blob_pending_has(s, ids[i]));
    }
    ck_assert_int_eq(fd, -1);
    ck_assert_uint_eq(count_files("crashes") + count_files("pending") + count_files("tmp"), 0);
    store_end(s);
}
END_TEST

START_TEST(first_and_last_day)
{
    static const struct {
        const char *id, *day;
    } cases[] = {
        {"00000000-0000-7000-8000-000000000000", "1970/01/01"},
        {"e677d21f-dbff-7000-8000-000000000000", "9999/12/31"},
        {"018de6a4-0fff-7000-8000-000000000000", "2024/02/26"},
    };
    struct blob_store *s = store_new();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[160];

        ck_assert_int_eq(commit(s, cases[i].id), 0);
        snprintf(path, sizeof(path), "%s/crashes/%s/%s", root, cases[i].day, cases[i].id);
        ck_assert_msg(access(path, R_OK) == 0, "%s", path);
    }
    store_end(s);
}
END_TEST

static int stop_at_once(const char *crash_id, void *arg)
{
    (void)crash_id;
    ++*(int *)arg;
    return 42;
}

START_TEST(pending_entries)
{
    struct blob_store *s = store_new();
    char id[UUID_TEXT_SIZE], path[128];
    int n = 0, dir_fd;

    for (int i = 0; i < 3; i++) {
        uuid_new(id);
        ck_assert_int_eq(blob_pending_add(s, id), 0);
        ck_assert_int_eq(blob_pending_add(s, id), 0);
    }
    snprintf(path, sizeof(path), "%s/pending", root);
    dir_fd = open(path, O_RDONLY | O_DIRECTORY);
    write_file(dir_fd, "README", "", 0);
    write_file(dir_fd, "01A1FD49-499D-7EFE-94A3-D1EA00331216", "", 0);
    close(dir_fd);
    ck_assert_int_eq(count_pending(s, 0), 3);
    ck_assert_int_eq(count_pending(s, DAY_USEC), 0);
    ck_assert_int_eq(blob_pending_each(s, 0, stop_at_once, &n), 42);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(blob_pending_remove(s, id), 0);
    ck_assert_int_eq(blob_pending_remove(s, id), 0);
    ck_assert_int_eq(count_pending(s, 0), 2);
    store_end(s);
}
END_TEST

static int store_module(struct blob_store *s, const char *build_id, enum module_kind k,
                        const char *content)
{
    _cleanup_fd_ int fd = -1;

    ck_assert_int_eq(blob_module_begin(s, &fd), 0);
    ck_assert_int_eq(io_write(fd, content, strlen(content)), 0);
    return blob_module_commit(s, fd, build_id, k);
}

/* Kept apart from the pending ones; and the folder that they tell of can be written to. */
START_TEST(partial_entries)
{
    struct blob_store *s = store_new();
    const char *id = "01a1fd49-499d-7efe-94a3-d1ea00331216";
    _cleanup_fd_ int fd = -1;
    unsigned n = 0;

    ck_assert_int_eq(blob_crash_folder(s, id, &fd), BLOB_NOT_FOUND);
    ck_assert_int_eq(commit(s, id), 0);
    ck_assert_int_eq(blob_crash_folder(s, id, &fd), 0);
    write_file(fd, "full.part", "x", 1);
    ck_assert_int_eq(fsync(fd), 0);
    ck_assert_int_eq(blob_partial_add(s, "../x"), -EINVAL);
    ck_assert_int_eq(blob_partial_add(s, id), 0);
    ck_assert_int_eq(blob_pending_remove(s, id), 0);
    ck_assert_int_eq(blob_partial_each(s, 0, count_one, &n), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(blob_partial_each(s, DAY_USEC, count_one, &n), 0);
    ck_assert_int_eq(blob_partial_remove(s, id), 0);
    ck_assert_int_eq(blob_partial_remove(s, id), 0);
    ck_assert_int_eq(blob_partial_each(s, 0, count_one, &n), 0);
    ck_assert_uint_eq(n, 1);
    store_end(s);
}
END_TEST

START_TEST(modules)
{
    static const char *const hostile[] = {"", "a", "abc", "ABCD", "../..", "ab/cd/", "xyzw"};
    struct blob_store *s = store_new();
    _cleanup_fd_ int fd = -1;
    _cleanup_buf_ struct buf b;
    char longest[131];
    enum module_kind k;

    buf_init(&b, 100);
    ck_assert_uint_eq(blob_modules_changed(s), 0);
    ck_assert_int_eq(store_module(s, "abcdef", MODULE_EXECUTABLE, "first"), 0);
    uint64_t state = blob_modules_changed(s);

    ck_assert_uint_ne(state, 0);
    ck_assert_int_eq(store_module(s, "abcdef", MODULE_EXECUTABLE, "second"), BLOB_EXISTS);
    ck_assert_int_eq(store_module(s, "abcdef", MODULE_DEBUGINFO, "third"), 0);
    ck_assert_uint_gt(blob_modules_changed(s), state);
    state = blob_modules_changed(s);
    ck_assert_uint_eq(blob_modules_changed(s), state);
    ck_assert_int_eq(blob_module_open(s, "abcdef", MODULE_EXECUTABLE, &fd), 0);
    ck_assert_int_eq(io_read_fd(fd, &b), 0);
    ck_assert_str_eq(buf_text(&b), "first");
    ck_assert(blob_module_has(s, "abcdef", MODULE_DEBUGINFO));
    ck_assert(!blob_module_has(s, "abcdef", MODULE_UNWIND));
    ck_assert_uint_eq(count_files("modules/ab/abcdef"), 2);
    for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
        ck_assert_int_eq(store_module(s, hostile[i], MODULE_UNWIND, "x"), -EINVAL);
        ck_assert_int_eq(blob_module_open(s, hostile[i], MODULE_UNWIND, &fd), BLOB_NOT_FOUND);
        ck_assert(!blob_module_has(s, hostile[i], MODULE_UNWIND));
    }
    memset(longest, 'a', sizeof(longest));
    longest[130] = '\0';
    ck_assert_int_eq(store_module(s, longest, MODULE_UNWIND, "x"), -EINVAL);
    longest[128] = '\0';
    ck_assert_int_eq(store_module(s, longest, MODULE_UNWIND, "x"), 0);
    for (int i = 0; i < MODULE_KIND_COUNT; i++) {
        ck_assert_int_eq(module_kind_parse(str_from(module_kind_name(i)), &k), 0);
        ck_assert_int_eq(k, i);
    }
    ck_assert_int_eq(module_kind_parse(STR("index"), &k), -EINVAL);
    ck_assert_uint_eq(count_files("tmp"), 0);
    store_end(s);
}
END_TEST

UNIT_MAIN("store/blob", layout, crash_round_trip, taken_id_changes_nothing, one_of_many_makers_wins,
          unfinished_is_invisible_and_swept, a_pending_entry_that_is_made_again_is_young,
          kill_at_any_time, hostile_crash_ids, first_and_last_day, pending_entries, partial_entries,
          modules)
