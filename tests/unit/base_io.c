/* SPDX-License-Identifier: Apache-2.0 */
/* Files for real, in a temporary folder. That publish survives a power cut is for the integration
 * tests. */
#include "common/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static int temporary_folder(void)
{
    char name[] = "/tmp/corral-unit.XXXXXX";
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(name));
    fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void remove_folder(int fd)
{
    char link[64], path[256] = {0};

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ck_assert_int_gt(readlink(link, path, sizeof(path) - 1), 0);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, path), 0);
    ck_assert_int_eq(access(path, F_OK), -1);
    close(fd);
}

static unsigned count_entries(int dir_fd)
{
    _cleanup_dir_ DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY));
    unsigned n = 0;

    while (readdir(dir))
        n++;
    return n - 2;
}

START_TEST(publish_replaces_and_leaves_nothing_behind)
{
    int dir = temporary_folder();
    _cleanup_buf_ struct buf b;
    struct stat st;

    buf_init(&b, 100);
    ck_assert_int_eq(io_publish(dir, "name", "one", 3, 0600), 0);
    ck_assert_int_eq(io_publish(dir, "name", "second", 6, 0600), 0);
    ck_assert_int_eq(io_replace(dir, "other", "x", 1, 0600), 0);
    ck_assert_int_eq(io_read_file(dir, "name", &b), 0);
    ck_assert_str_eq(buf_text(&b), "second");
    ck_assert_int_eq(fstatat(dir, "name", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(io_publish(dir, "no/such", "x", 1, 0600), -ENOENT);
    ck_assert_uint_eq(count_entries(dir), 2);
    remove_folder(dir);
}
END_TEST

START_TEST(reading_is_bounded)
{
    int dir = temporary_folder();
    _cleanup_buf_ struct buf b;

    buf_init(&b, 4);
    ck_assert_int_eq(io_publish(dir, "five", "12345", 5, 0600), 0);
    ck_assert_int_eq(io_read_file(dir, "five", &b), -E2BIG);
    buf_clear(&b);
    ck_assert_int_eq(io_read_file(dir, "none", &b), -ENOENT);
    remove_folder(dir);
}
END_TEST

START_TEST(folders_are_made_and_removed)
{
    int dir = temporary_folder();

    ck_assert_int_eq(io_mkdirs(dir, "a/b/c", 0700), 0);
    ck_assert_int_eq(io_mkdirs(dir, "a/b/c", 0700), 0);
    ck_assert_int_eq(io_publish(dir, "a/b/c/file", "x", 1, 0600), 0);
    ck_assert_int_eq(io_remove_tree(dir, "a"), 0);
    ck_assert_int_eq(io_remove_tree(dir, "a"), 0);
    ck_assert_uint_eq(count_entries(dir), 0);
    remove_folder(dir);
}
END_TEST

START_TEST(removal_does_not_follow_links)
{
    int dir = temporary_folder();

    ck_assert_int_eq(io_mkdirs(dir, "kept", 0700), 0);
    ck_assert_int_eq(io_publish(dir, "kept/file", "x", 1, 0600), 0);
    ck_assert_int_eq(io_mkdirs(dir, "gone", 0700), 0);
    ck_assert_int_eq(symlinkat("../kept", dir, "gone/link"), 0);
    ck_assert_int_eq(io_remove_tree(dir, "gone"), 0);
    ck_assert_int_eq(faccessat(dir, "kept/file", F_OK, 0), 0);
    remove_folder(dir);
}
END_TEST

START_TEST(short_reads_are_joined)
{
    int ends[2];
    char text[8] = {0};

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(io_write(ends[1], "abc", 3), 0);
    if (fork() == 0) {
        close(ends[0]);
        usleep(20000);
        _exit(io_write(ends[1], "def", 3) == 0 ? 0 : 1);
    }
    close(ends[1]);
    ck_assert_int_eq(io_read(ends[0], text, 7), 6);
    ck_assert_str_eq(text, "abcdef");
}
END_TEST

UNIT_MAIN("base/io", publish_replaces_and_leaves_nothing_behind, reading_is_bounded,
          folders_are_made_and_removed, removal_does_not_follow_links, short_reads_are_joined)
