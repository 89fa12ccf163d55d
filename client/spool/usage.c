/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/io.h"

#define NAME       "usage"
#define DIGITS_MAX 24

/* Anything but a plain file of one name is none of ours: a FIFO or a device that the owner of the
 * spool put there must not stop a handler. */
static int open_usage(const struct spool *s)
{
    _cleanup_fd_ int fd =
        openat(s->dir, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -1;
    if (spool_own(s, fd) < 0)
        return -1;
    return TAKE_FD(fd);
}

static uint64_t read_number(int fd)
{
    char text[DIGITS_MAX];
    ssize_t n = io_pread(fd, text, sizeof(text), 0);
    uint64_t bytes;

    if (n <= 0 || str_to_u64(str_trim((struct str){text, (size_t)n}), UINT64_MAX / 2, &bytes) < 0)
        return 0;
    return bytes;
}

/* Always as many digits, so that nothing of an older number is left behind. */
static void write_number(int fd, uint64_t bytes)
{
    char text[DIGITS_MAX];
    int n = snprintf(text, sizeof(text), "%020llu\n", (unsigned long long)bytes);

    (void)!pwrite(fd, text, (size_t)n, 0);
}

uint64_t usage_cost(uint64_t size)
{
    return (size + USAGE_BLOCK - 1) / USAGE_BLOCK * USAGE_BLOCK;
}

uint64_t usage_read(const struct spool *s)
{
    _cleanup_fd_ int fd = open_usage(s);

    return fd < 0 ? 0 : read_number(fd);
}

void usage_set(const struct spool *s, uint64_t bytes)
{
    _cleanup_fd_ int fd = open_usage(s);

    if (fd >= 0)
        write_number(fd, bytes);
}

/* Without waiting for anybody who may hold the lock for other reasons: about right is enough. */
void usage_add(const struct spool *s, uint64_t size)
{
    _cleanup_fd_ int fd = open_usage(s);

    if (fd < 0)
        return;
    (void)flock(fd, LOCK_EX | LOCK_NB);
    write_number(fd, read_number(fd) + usage_cost(size));
}

uint64_t usage_target(const struct settings *settings)
{
    return settings->spool_max / 4 * 3;
}

void usage_limit(const struct spool *s, const struct settings *settings)
{
    uint64_t used = usage_read(s), share = settings->spool_max / 100 * settings->spool_share;
    uint64_t left = used < settings->spool_max ? settings->spool_max - used : 0;

    spool_set_limits(settings->keep_free, left < share ? left : share);
}
