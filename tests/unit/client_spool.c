/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* The spool on a real file system, and children that are gone in the middle of each step. */
#include "client/spool/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "client/spool/shelf.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define HOUR (3600 * USEC_PER_SEC)

static char folder[] = "/tmp/corral-unit.XXXXXX";
static struct spool spool;

/* In the place of libc's: the one with that number fails. */
static int fsyncs, failing_fsync;

int fsync(int fd)
{
    if (++fsyncs == failing_fsync) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void setup_spool(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(spool_open(folder, &spool), 0);
}

static void remove_spool(void)
{
    spool_close(&spool);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}

static size_t count(const char *in)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list list;

    ck_assert_int_eq(spool_list(&spool, in, &a, &list), 0);
    return list.n;
}

static bool present(const char *path)
{
    return faccessat(spool.dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void add_crash(char id[static UUID_TEXT_SIZE])
{
    struct draft d;
    int core;

    uuid_new(id);
    ck_assert_int_eq(draft_begin(&spool, id, &d), 0);
    ck_assert_int_eq(draft_create_core(&d, &core), 0);
    ck_assert_int_eq(io_write(core, "core", 4), 0);
    ck_assert_int_eq(draft_publish(&d, core, STR("{}")), 0);
    close(core);
}

START_TEST(a_crash_is_whole_or_not_there)
{
    char id[UUID_TEXT_SIZE], path[64];
    struct draft d;
    struct stat st;
    int core;

    setup_spool();
    uuid_new(id);
    ck_assert_int_eq(draft_begin(&spool, id, &d), 0);
    ck_assert_int_eq(draft_create_core(&d, &core), 0);
    ck_assert_uint_eq(count(NULL), 0);
    ck_assert_int_eq(draft_publish(&d, core, STR("{\"a\":1}")), 0);
    ck_assert_uint_eq(count(NULL), 1);
    snprintf(path, sizeof(path), "%s/core.zst", id);
    ck_assert_int_eq(fstatat(spool.dir, path, &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(fstatat(spool.dir, id, &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    close(core);
    remove_spool();
}
END_TEST

/* Who is told of a failure counts the crash: then nothing of it may be seen. */
START_TEST(a_failed_fsync_neither_loses_nor_doubles)
{
    setup_spool();
    for (int i = 1; i <= 6; i++) {
        char id[UUID_TEXT_SIZE];
        struct draft d;
        int core, r;

        uuid_new(id);
        ck_assert_int_eq(draft_begin(&spool, id, &d), 0);
        ck_assert_int_eq(draft_create_core(&d, &core), 0);
        fsyncs = 0;
        failing_fsync = i;
        r = draft_publish(&d, core, STR("{}"));
        failing_fsync = 0;
        close(core);
        ck_assert(i < 4 ? r == -EIO : r == 0);
        ck_assert(present(id) == (r == 0));
    }
    remove_spool();
}
END_TEST

START_TEST(an_abandoned_draft_leaves_nothing)
{
    char id[UUID_TEXT_SIZE], path[64];
    struct draft d;
    int core;

    setup_spool();
    uuid_new(id);
    ck_assert_int_eq(draft_begin(&spool, id, &d), 0);
    ck_assert_int_eq(draft_create_core(&d, &core), 0);
    ck_assert_int_eq(draft_drop_core(&d), 0);
    draft_abandon(&d);
    draft_abandon(&d);
    snprintf(path, sizeof(path), SPOOL_TMP "%s", id);
    ck_assert(!present(path) && !present(id));
    close(core);
    remove_spool();
}
END_TEST

/* A handler that is killed before the rename; its leftovers are swept once they are old. */
START_TEST(a_killed_handler_leaves_what_is_swept)
{
    char id[UUID_TEXT_SIZE], path[64];
    int status;
    pid_t pid;

    setup_spool();
    uuid_new(id);
    snprintf(path, sizeof(path), SPOOL_TMP "%s", id);
    pid = fork();
    if (pid == 0) {
        struct draft d;
        int core;

        if (draft_begin(&spool, id, &d) < 0 || draft_create_core(&d, &core) < 0 ||
            io_write(core, "half", 4) < 0)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(present(path));
    ck_assert_uint_eq(count(NULL), 0);
    ck_assert_int_eq(spool_sweep(&spool, clock_now(), HOUR), 0);
    ck_assert(present(path));
    ck_assert_int_eq(spool_sweep(&spool, clock_now() + 2 * HOUR, HOUR), 0);
    ck_assert(!present(path));
    remove_spool();
}
END_TEST

START_TEST(the_list_is_in_order_of_time)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char ids[5][UUID_TEXT_SIZE];
    struct spool_list list;

    setup_spool();
    for (size_t i = 0; i < 5; i++) {
        int64_t before = clock_now() / USEC_PER_MSEC;

        add_crash(ids[i]);
        while (clock_now() / USEC_PER_MSEC == before)
            ;
    }
    ck_assert_int_eq(mkdirat(spool.dir, "0-not-a-crash", 0700), 0);
    ck_assert_int_eq(spool_list(&spool, NULL, &a, &list), 0);
    ck_assert_uint_eq(list.n, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(list.ids[i], ids[i]);
    remove_spool();
}
END_TEST

START_TEST(from_fresh_to_acknowledged_to_gone)
{
    _cleanup_buf_ struct buf b = BUF_INIT(100);
    char id[UUID_TEXT_SIZE];
    struct entry e;
    int fd;

    setup_spool();
    add_crash(id);
    ck_assert_int_eq(entry_open(&spool, id, &e), 0);
    ck_assert_int_eq(entry_read_meta(&e, &b), 0);
    ck_assert_str_eq(buf_text(&b), "{}");
    buf_clear(&b);
    ck_assert_int_eq(entry_read_wanted(&e, &b), ENTRY_NONE);
    ck_assert_int_eq(entry_open_core(&e, &fd), 0);
    close(fd);
    ck_assert_int_eq(entry_acknowledge(&e, STR("ab\n")), 0);
    ck_assert_int_eq(entry_open_core(&e, &fd), ENTRY_NONE);
    ck_assert_int_eq(entry_read_wanted(&e, &b), 0);
    ck_assert_str_eq(buf_text(&b), "ab\n");
    ck_assert_uint_eq(count(NULL), 1);
    ck_assert_int_eq(entry_remove(&e), 0);
    ck_assert_int_eq(entry_remove(&e), 0);
    ck_assert_uint_eq(count(NULL), 0);
    entry_close(&e);
    remove_spool();
}
END_TEST

START_TEST(rejected_ones_are_kept_without_core_and_bounded)
{
    char id[UUID_TEXT_SIZE], path[128], first[UUID_TEXT_SIZE] = "";

    setup_spool();
    for (int i = 0; i < ENTRY_REJECTED_MAX + 3; i++) {
        struct entry e;

        add_crash(id);
        if (!*first)
            strcpy(first, id);
        ck_assert_int_eq(entry_open(&spool, id, &e), 0);
        ck_assert_int_eq(entry_reject(&e, STR("422 no\n")), 0);
        entry_close(&e);
    }
    ck_assert_uint_eq(count(NULL), 0);
    ck_assert_uint_eq(count("rejected"), ENTRY_REJECTED_MAX);
    snprintf(path, sizeof(path), "rejected/%s/reason", id);
    ck_assert(present(path));
    snprintf(path, sizeof(path), "rejected/%s/meta.json", id);
    ck_assert(present(path));
    snprintf(path, sizeof(path), "rejected/%s/core.zst", id);
    ck_assert(!present(path));
    remove_spool();
}
END_TEST

START_TEST(one_sender_at_a_time)
{
    int first, second = -1;

    setup_spool();
    ck_assert_int_eq(spool_lock(&spool, &first), 0);
    ck_assert_int_eq(spool_lock(&spool, &second), SPOOL_BUSY);
    close(first);
    ck_assert_int_eq(spool_lock(&spool, &second), 0);
    close(second);
    remove_spool();
}
END_TEST

START_TEST(a_folder_that_others_may_write_to_is_no_spool)
{
    struct spool other;

    setup_spool();
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(spool_open(folder, &other), -EPERM);
    remove_spool();
}
END_TEST

/* The owner of the spool, who speaks to the network, is not to have root write elsewhere. */
START_TEST(a_link_in_the_place_of_a_folder_is_not_followed)
{
    struct spool other;

    setup_spool();
    ck_assert_int_eq(unlinkat(spool.dir, "modules", AT_REMOVEDIR), 0);
    ck_assert_int_eq(symlinkat("/tmp", spool.dir, "modules"), 0);
    ck_assert_int_lt(spool_open(folder, &other), 0);
    remove_spool();
}
END_TEST

START_TEST(a_file_with_another_name_is_not_given_away)
{
    struct stat st;
    int fd;

    setup_spool();
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(folder, 65534, 65534), 0);
        spool_close(&spool);
        ck_assert_int_eq(spool_open(folder, &spool), 0);
        fd = openat(spool.dir, "roots", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_eq(linkat(spool.dir, "roots", spool.dir, "lock", 0), 0);
        ck_assert_int_eq(spool_lock(&spool, &(int){-1}), -EPERM);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_uint_eq(st.st_uid, 0);
        close(fd);
    }
    remove_spool();
}
END_TEST

START_TEST(the_shelf)
{
    int from = memfd_create("module", 0), fd;
    char text[16] = {0};

    setup_spool();
    ck_assert_int_eq(io_write(from, "executable", 10), 0);
    ck_assert(!shelf_has(&spool, "abcd", SHELF_EXECUTABLE));
    ck_assert_int_eq(shelf_open(&spool, "abcd", SHELF_EXECUTABLE, &fd), SHELF_NONE);
    ck_assert_int_eq(shelf_add(&spool, "abcd", from, 9), SHELF_TOO_LARGE);
    ck_assert_int_eq(shelf_add(&spool, "../../etc", from, 100), SHELF_BAD_NAME);
    ck_assert_int_eq(shelf_add(&spool, "", from, 100), SHELF_BAD_NAME);
    ck_assert_int_eq(shelf_add(&spool, "abcd", from, 10), 0);
    ck_assert(shelf_has(&spool, "abcd", SHELF_EXECUTABLE));
    ck_assert_int_eq(shelf_open(&spool, "abcd", SHELF_EXECUTABLE, &fd), 0);
    ck_assert_int_eq(io_read(fd, text, sizeof(text)), 10);
    ck_assert_str_eq(text, "executable");
    close(fd);
    ck_assert_int_eq(shelf_mark_known(&spool, "abcd", SHELF_EXECUTABLE), 0);
    ck_assert(shelf_has(&spool, "abcd", SHELF_EXECUTABLE));
    ck_assert_int_eq(shelf_open(&spool, "abcd", SHELF_EXECUTABLE, &fd), SHELF_NONE);
    ck_assert_int_eq(shelf_unmark_known(&spool, "abcd", SHELF_EXECUTABLE), 0);
    ck_assert(!shelf_has(&spool, "abcd", SHELF_EXECUTABLE));
    close(from);
    remove_spool();
}
END_TEST

START_TEST(room_is_left_to_others)
{
    int from = memfd_create("module", 0), unlimited = memfd_create("unlimited", 0);
    struct statvfs st;

    setup_spool();
    ck_assert_int_eq(fstatvfs(spool.dir, &st), 0);
    ck_assert_uint_lt(spool_room(spool.dir), (uint64_t)st.f_bavail * st.f_frsize);
    ck_assert_uint_eq(spool_room(unlimited), UINT64_MAX);
    ck_assert_int_eq(ftruncate(from, (off_t)(st.f_blocks * st.f_frsize)), 0);
    ck_assert_int_eq(shelf_add(&spool, "abcd", from, UINT64_MAX), SHELF_TOO_LARGE);
    close(from);
    close(unlimited);
    remove_spool();
}
END_TEST

/* As long as a crash waits, the server may ask for the copy. */
START_TEST(copies_are_swept_when_no_crash_waits)
{
    int from = memfd_create("module", 0);
    char id[UUID_TEXT_SIZE];
    struct entry e;

    setup_spool();
    ck_assert_int_eq(io_write(from, "x", 1), 0);
    ck_assert_int_eq(shelf_add(&spool, "abcd", from, 10), 0);
    ck_assert_int_eq(shelf_mark_known(&spool, "ef01", SHELF_EXECUTABLE), 0);
    add_crash(id);
    ck_assert_int_eq(spool_sweep(&spool, clock_now() + 2 * HOUR, HOUR), 0);
    ck_assert(present("modules/abcd"));
    ck_assert_int_eq(entry_open(&spool, id, &e), 0);
    ck_assert_int_eq(entry_remove(&e), 0);
    entry_close(&e);
    ck_assert_int_eq(spool_sweep(&spool, clock_now(), HOUR), 0);
    ck_assert(present("modules/abcd"));
    ck_assert_int_eq(spool_sweep(&spool, clock_now() + 2 * HOUR, HOUR), 0);
    ck_assert(!present("modules/abcd"));
    ck_assert(present("modules/ef01.known"));
    ck_assert_int_eq(spool_sweep(&spool, clock_now() + 31 * 24 * HOUR, HOUR), 0);
    ck_assert(!present("modules/ef01.known"));
    close(from);
    remove_spool();
}
END_TEST

UNIT_MAIN("client/spool", a_crash_is_whole_or_not_there, a_failed_fsync_neither_loses_nor_doubles,
          an_abandoned_draft_leaves_nothing, a_killed_handler_leaves_what_is_swept,
          the_list_is_in_order_of_time, from_fresh_to_acknowledged_to_gone,
          rejected_ones_are_kept_without_core_and_bounded, one_sender_at_a_time,
          a_folder_that_others_may_write_to_is_no_spool,
          a_link_in_the_place_of_a_folder_is_not_followed,
          a_file_with_another_name_is_not_given_away, the_shelf, room_is_left_to_others,
          copies_are_swept_when_no_crash_waits)
