/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
#include "client/handler/coredump_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/lib/unit.h"

/* What the kernel sends and gets, in its own words. */
struct request {
    uint32_t size, size_ack;
    uint64_t mask;
    char future[64];
};

struct ack {
    uint32_t size, spare;
    uint64_t mask;
};

static int kernel, ours;

/* Both sides of one exchange: what the kernel has to say is there before we ask for it. */
static int exchange(const void *request, size_t n, uint32_t mark)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    kernel = pair[0];
    ours = pair[1];
    ck_assert_int_eq(write(kernel, request, n), n);
    ck_assert_int_eq(write(kernel, &mark, sizeof(mark)), sizeof(mark));
    ck_assert_int_eq(write(kernel, "ELF", 3), 3);
    return coredump_socket_take(ours, clock_mono() + 100 * USEC_PER_MSEC);
}

static void check_core_follows(void)
{
    struct ack ack;
    char core[8];

    ck_assert_int_eq(read(kernel, &ack, sizeof(ack)), sizeof(ack));
    ck_assert_uint_eq(ack.size, sizeof(ack));
    ck_assert_uint_eq(ack.spare, 0);
    ck_assert_uint_eq(ack.mask, 1 | 8);
    ck_assert_int_eq(read(ours, core, sizeof(core)), 3);
    ck_assert_int_eq(memcmp(core, "ELF", 3), 0);
}

START_TEST(the_core_is_taken)
{
    const struct request r = {.size = 16, .size_ack = 16, .mask = 0xf};

    ck_assert_int_eq(exchange(&r, 16, 0), 0);
    check_core_follows();
}
END_TEST

START_TEST(a_longer_request_of_a_later_kernel)
{
    const struct request r = {.size = sizeof(r), .size_ack = 64, .mask = 0xff};

    ck_assert_int_eq(exchange(&r, sizeof(r), 0), 0);
    check_core_follows();
}
END_TEST

START_TEST(what_the_kernel_would_not_say)
{
    const struct request small = {.size = 8, .size_ack = 16, .mask = 0xf},
                         huge = {.size = 1 << 20, .size_ack = 16, .mask = 0xf},
                         no_room = {.size = 16, .size_ack = 8, .mask = 0xf},
                         no_wait = {.size = 16, .size_ack = 16, .mask = 0x7},
                         good = {.size = 16, .size_ack = 16, .mask = 0xf};

    ck_assert_int_eq(exchange(&small, 16, 0), COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_eq(exchange(&huge, 16, 0), COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_eq(exchange(&no_room, 16, 0), COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_eq(exchange(&no_wait, 16, 0), COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_eq(exchange(&good, 16, 3), COREDUMP_SOCKET_UNUSABLE);
}
END_TEST

START_TEST(silence_ends_with_the_deadline)
{
    int64_t begun = clock_mono();
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ck_assert_int_eq(coredump_socket_take(pair[1], clock_mono() + 50 * USEC_PER_MSEC),
                     COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_ge(clock_mono() - begun, 50 * USEC_PER_MSEC);
    close(pair[0]);
    ck_assert_int_eq(coredump_socket_take(pair[1], clock_mono() + 60 * USEC_PER_SEC),
                     COREDUMP_SOCKET_UNUSABLE);
    ck_assert_int_lt(clock_mono() - begun, 20 * USEC_PER_SEC);
}
END_TEST

START_TEST(refused)
{
    struct ack ack;
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    coredump_socket_reject(pair[1]);
    close(pair[1]);
    ck_assert_int_eq(read(pair[0], &ack, sizeof(ack)), sizeof(ack));
    ck_assert_uint_eq(ack.mask, 4);
    ck_assert_int_eq(read(pair[0], &ack, 1), 0);
    close(pair[0]);
}
END_TEST

/* Bound twice, as a restart does it; who connects by himself is no crash. */
START_TEST(a_stranger)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct coredump_peer peer = {.pid = 99};
    int first, second, client = socket(AF_UNIX, SOCK_STREAM, 0), accepted;
    char folder[] = "/tmp/corral-unit.XXXXXX";
    struct stat st;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/core.sock", folder);
    ck_assert_int_eq(coredump_socket_bind(address.sun_path, &first), 0);
    ck_assert_int_eq(coredump_socket_bind(address.sun_path, &second), 0);
    ck_assert_int_eq(stat(address.sun_path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    accepted = accept(second, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    ck_assert_int_eq(coredump_socket_peer(accepted, &peer), COREDUMP_SOCKET_STRANGER);
    ck_assert_int_eq(peer.pid, 99);
    unlink(address.sun_path);
    rmdir(folder);
}
END_TEST

START_TEST(a_path_that_is_too_long)
{
    char path[200] = "/tmp/";
    int fd;

    memset(path + 5, 'x', sizeof(path) - 6);
    ck_assert_int_eq(coredump_socket_bind(path, &fd), -ENAMETOOLONG);
}
END_TEST

UNIT_MAIN("client/coredump_socket", the_core_is_taken, a_longer_request_of_a_later_kernel,
          what_the_kernel_would_not_say, silence_ends_with_the_deadline, refused, a_stranger,
          a_path_that_is_too_long)
