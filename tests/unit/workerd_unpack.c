/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/analysis workerd/image */
#include "workerd/analysis/unpack.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

enum { SIZE = 3 << 20, ZERO_FROM = 1 << 20, ZERO_TO = 2 << 20 };

/* Noise, a million zeros, noise; and the same compressed, in a file. */
struct fixture {
    uint8_t *plain, *packed;
    size_t packed_size;
    int fd;
};

static void fixture_init(struct fixture *f)
{
    uint32_t noise = 1;

    f->plain = calloc(1, SIZE);
    f->packed = malloc(ZSTD_compressBound(SIZE));
    for (size_t i = 0; i < SIZE; i++) {
        noise = noise * 1664525 + 1013904223;
        f->plain[i] = i >= ZERO_FROM && i < ZERO_TO ? 0 : (uint8_t)(noise >> 24);
    }
    f->packed_size = ZSTD_compress(f->packed, ZSTD_compressBound(SIZE), f->plain, SIZE, 1);
    f->fd = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(io_write(f->fd, f->packed, f->packed_size), 0);
}

static void fixture_fini(struct fixture *f)
{
    free(f->plain);
    free(f->packed);
    cleanup_fd(&f->fd);
}

#define _fixture_  _cleanup_(fixture_fini)
#define _unpacked_ _cleanup_(unpacked_core_fini)

static void assert_prefix(const struct unpacked_core *u, const struct fixture *f)
{
    _cleanup_free_ uint8_t *bytes = malloc(SIZE);

    ck_assert_uint_le(u->bytes.size, SIZE);
    ck_assert_int_eq(bytes_read(&u->bytes, 0, bytes, SIZE), (ssize_t)u->bytes.size);
    ck_assert_int_eq(memcmp(bytes, f->plain, u->bytes.size), 0);
}

START_TEST(a_small_one_into_memory)
{
    _fixture_ struct fixture f;
    _unpacked_ struct unpacked_core u = {.owned_fd = -1}, v = {.owned_fd = -1};
    _cleanup_fd_ int scratch = memfd_create("scratch", MFD_CLOEXEC);
    struct stat st;

    fixture_init(&f);
    ck_assert_int_eq(unpack_core(f.fd, -1, 0, &u), 0);
    ck_assert(u.owned && u.owned_fd == -1 && !u.damaged && !u.cut && u.bytes.size == SIZE);
    assert_prefix(&u, &f);
    ck_assert_int_eq(unpack_core(f.fd, scratch, SIZE, &v), 0);
    ck_assert(v.owned && v.owned_fd == -1 && !v.damaged && !v.cut && v.bytes.size == SIZE);
    assert_prefix(&v, &f);
    ck_assert_int_eq(fstat(scratch, &st), 0);
    ck_assert_int_eq(st.st_size, 0);
}
END_TEST

/* Compresses as a stream whose length is not known when it begins. */
static int pack_unsaid(const void *p, size_t n)
{
    size_t room = ZSTD_compressBound(n);
    _cleanup_free_ void *packed = malloc(room);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_outBuffer out = {packed, room, 0};
    ZSTD_inBuffer in = {p, n, 0}, nothing = {NULL, 0, 0};
    int fd = memfd_create("unsaid", MFD_CLOEXEC);

    while (in.pos < in.size)
        ck_assert(!ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue)));
    ck_assert_uint_eq(ZSTD_compressStream2(c, &out, &nothing, ZSTD_e_end), 0);
    ZSTD_freeCCtx(c);
    ck_assert_uint_eq(ZSTD_getFrameContentSize(packed, out.pos), ZSTD_CONTENTSIZE_UNKNOWN);
    ck_assert_int_eq(io_write(fd, packed, out.pos), 0);
    return fd;
}

START_TEST(one_that_does_not_say_its_size)
{
    _fixture_ struct fixture f;
    _unpacked_ struct unpacked_core u = {.owned_fd = -1}, v = {.owned_fd = -1};

    fixture_init(&f);
    _cleanup_fd_ int unsaid = pack_unsaid(f.plain, SIZE);

    ck_assert_int_eq(unpack_core(unsaid, -1, 0, &u), 0);
    ck_assert(u.owned && !u.damaged && !u.cut && u.bytes.size == SIZE);
    assert_prefix(&u, &f);
    /* A second stream behind it goes on with the core. */
    ck_assert_int_ge(lseek(f.fd, 0, SEEK_END), 0);
    ck_assert_int_eq(io_write(f.fd, f.packed, f.packed_size), 0);
    ck_assert_int_eq(unpack_core(f.fd, -1, 0, &v), 0);
    ck_assert(!v.damaged && !v.cut && v.bytes.size == 2 * SIZE);
}
END_TEST

/* Whether or not it says so. */
START_TEST(a_large_one_into_a_file)
{
    enum { LARGE = UNPACK_MEMORY_MAX + 4096 };
    _cleanup_free_ uint8_t *plain = calloc(1, LARGE), *packed = malloc(ZSTD_compressBound(LARGE));

    memset(plain + LARGE - 4096, 'A', 4096);
    size_t n = ZSTD_compress(packed, ZSTD_compressBound(LARGE), plain, LARGE, 1);
    int cores[] = {memfd_create("said", MFD_CLOEXEC), pack_unsaid(plain, LARGE)};

    ck_assert_int_eq(io_write(cores[0], packed, n), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
        _unpacked_ struct unpacked_core u = {.owned_fd = -1}, v = {.owned_fd = -1};
        _cleanup_fd_ int scratch = memfd_create("scratch", MFD_CLOEXEC);
        char end[4097];
        struct stat st;

        ck_assert_int_eq(unpack_core(cores[i], -1, 0, &u), 0);
        ck_assert(!u.owned && u.owned_fd >= 0 && !u.damaged && !u.cut && u.bytes.size == LARGE);
        ck_assert_int_eq(bytes_read(&u.bytes, LARGE - 4097, end, 4097), 4097);
        ck_assert(end[0] == 0 && end[1] == 'A' && end[4096] == 'A');
        ck_assert_int_eq(unpack_core(cores[i], scratch, LARGE - 1, &v), 0);
        ck_assert(!v.owned && v.owned_fd == -1 && !v.damaged && v.cut);
        ck_assert_int_eq(fstat(scratch, &st), 0);
        ck_assert_int_eq(st.st_size, LARGE - 1);
        ck_assert_int_le(st.st_blocks * 512, 65536); /* a hole */
        close(cores[i]);
    }
}
END_TEST

START_TEST(the_limit_cuts)
{
    static const uint64_t limits[] = {1, 4096, ZERO_FROM + 7, SIZE - 1};

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        _fixture_ struct fixture f;
        _unpacked_ struct unpacked_core u = {.owned_fd = -1}, v = {.owned_fd = -1};
        _cleanup_fd_ int plain = memfd_create("plain", MFD_CLOEXEC);

        fixture_init(&f);
        ck_assert_int_eq(unpack_core(f.fd, -1, limits[i], &u), 0);
        ck_assert(u.cut && !u.damaged && u.bytes.size == limits[i]);
        assert_prefix(&u, &f);
        ck_assert_int_eq(io_write(plain, f.plain, SIZE), 0);
        ck_assert_int_eq(unpack_core(plain, -1, limits[i], &v), 0);
        ck_assert(v.cut && v.owned_fd == -1 && v.bytes.size == limits[i]);
        assert_prefix(&v, &f);
    }
}
END_TEST

START_TEST(damage_keeps_what_came_before)
{
    _fixture_ struct fixture f;
    _unpacked_ struct unpacked_core cut = {.owned_fd = -1}, broken = {.owned_fd = -1};

    fixture_init(&f);
    ck_assert_int_eq(ftruncate(f.fd, (off_t)f.packed_size / 2), 0);
    ck_assert_int_eq(unpack_core(f.fd, -1, 0, &cut), 0);
    ck_assert(cut.damaged && cut.bytes.size > SIZE / 4 && cut.bytes.size < SIZE);
    assert_prefix(&cut, &f);
    ck_assert_int_eq(pwrite(f.fd, "\xff\xff\xff\xff", 4, 4), 4);
    ck_assert_int_eq(unpack_core(f.fd, -1, 0, &broken), 0);
    ck_assert(broken.damaged);
}
END_TEST

/* A compressed core of n bytes that are not zero. */
static int bomb(size_t n)
{
    _cleanup_free_ uint8_t *plain = malloc(n), *packed = malloc(n);
    int fd = memfd_create("bomb", MFD_CLOEXEC);

    memset(plain, 'A', n);
    ck_assert_int_eq(io_write(fd, packed, ZSTD_compress(packed, n, plain, n, 1)), 0);
    return fd;
}

/* In a child with a disk of its own, of 560 MiB. */
static int unpack_on_a_small_disk(int core)
{
    _unpacked_ struct unpacked_core u = {.owned_fd = -1};
    char folder[] = "/tmp/corral-unit-disk.XXXXXX";
    struct statvfs s;

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        !mkdtemp(folder))
        return 77;
    int mounted = mount("disk", folder, "tmpfs", 0, "size=560m");
    _cleanup_fd_ int scratch = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (mounted < 0 || scratch < 0)
        return 77;
    if (unpack_core(core, scratch, 0, &u) != 0 || !u.cut || u.damaged || fstatvfs(scratch, &s) < 0)
        return 1;
    umount2(folder, MNT_DETACH);
    rmdir(folder);
    return s.f_bavail * s.f_frsize >= 250u << 20 ? 0 : 2;
}

START_TEST(a_bomb_takes_half_of_the_disk)
{
    _cleanup_fd_ int core = bomb(320u << 20);
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(unpack_on_a_small_disk(core));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) &&
              (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77)); /* 77: may not mount */
}
END_TEST

/* Memory has no size of which there could be a half. */
START_TEST(memory_has_a_share_of_its_own)
{
    _cleanup_fd_ int memory = memfd_create("scratch", MFD_CLOEXEC);
    _cleanup_fd_ int disk = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    struct statvfs s;

    ck_assert_uint_eq(unpack_share(memory), UNPACK_MEMFD_MAX);
    ck_assert_int_eq(fstatvfs(disk, &s), 0);
    ck_assert_uint_le(unpack_share(disk), (uint64_t)s.f_blocks * s.f_frsize / 2);
}
END_TEST

START_TEST(what_is_packed)
{
    _fixture_ struct fixture f;
    _cleanup_fd_ int plain = memfd_create("plain", MFD_CLOEXEC);
    int pipe_fds[2];

    fixture_init(&f);
    ck_assert(unpack_is_packed(f.fd));
    ck_assert(!unpack_is_packed(plain));
    ck_assert_int_eq(io_write(plain, "\x28\xb5\x2f", 3), 0);
    ck_assert(!unpack_is_packed(plain));
    ck_assert_int_eq(pipe(pipe_fds), 0);
    ck_assert(!unpack_is_packed(pipe_fds[0]));
}
END_TEST

START_TEST(only_regular_files)
{
    _unpacked_ struct unpacked_core u = {.owned_fd = -1};
    int pipe_fds[2];

    ck_assert_int_eq(pipe(pipe_fds), 0);
    ck_assert_int_eq(unpack_core(pipe_fds[0], -1, 0, &u), UNPACK_NOT_REGULAR);
}
END_TEST

UNIT_MAIN("workerd/unpack", a_small_one_into_memory, one_that_does_not_say_its_size,
          a_large_one_into_a_file, the_limit_cuts, damage_keeps_what_came_before,
          a_bomb_takes_half_of_the_disk, memory_has_a_share_of_its_own, what_is_packed,
          only_regular_files)
