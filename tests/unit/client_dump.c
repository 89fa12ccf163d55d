/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/spool */
/* A stream of core bytes through a real pipe: what is written, when the writer is let go, what is
 * said about it. */
#include "client/handler/dump.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zstd.h>

#include "client/handler/promise.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/report/meta.h"
#include "tests/lib/unit.h"

#define MIB (1024u * 1024)

/* A core of size bytes: one segment after the headers, filled with text that differs from block to
 * block. */
static char *make_core(size_t size)
{
    char *core = calloc(1, size);
    Elf64_Ehdr *header = (void *)core;
    Elf64_Phdr *segment = (void *)(core + sizeof(*header));

    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_CORE;
    header->e_phoff = sizeof(*header);
    header->e_phentsize = sizeof(*segment);
    header->e_phnum = 1;
    segment->p_type = PT_LOAD;
    segment->p_offset = 4096;
    segment->p_filesz = size - 4096;
    for (size_t i = 4096; i + 8 <= size; i += 512)
        memcpy(core + i, &i, sizeof(i));
    return core;
}

/* The child that stands for the kernel: writes, then holds the pipe open for as long as hang says;
 * its exit status tells whether all was taken. */
static pid_t start_writer(const char *data, size_t size, bool hang)
{
    int ends[2];
    pid_t pid;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        signal(SIGPIPE, SIG_IGN);
        if (io_write(ends[1], data, size) < 0)
            _exit(EPIPE);
        while (hang)
            if (write(ends[1], "", 1) < 0)
                _exit(EPIPE);
            else
                usleep(1000);
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    close(ends[0]);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What the file holds, decompressed by somebody else's code in one call. */
static void check_content(int fd, const char *core, size_t size)
{
    off_t length = lseek(fd, 0, SEEK_END);
    char *packed = malloc((size_t)length), *unpacked = malloc(size + 1);

    ck_assert_int_eq(io_pread(fd, packed, (size_t)length, 0), length);
    ck_assert_uint_eq(ZSTD_decompress(unpacked, size + 1, packed, (size_t)length), size);
    ck_assert_int_eq(memcmp(unpacked, core, size), 0);
    free(packed);
    free(unpacked);
}

START_TEST(a_whole_core)
{
    _cleanup_free_ char *core = make_core(5 * MIB + 17);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 5 * MIB + 17, false);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 30 * USEC_PER_SEC), 0);
    dump_stream(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(hold_ended(&hold), HOLD_RELEASED);
    ck_assert_int_eq(wait_for(pid), 0);
    ck_assert_int_eq(d.error, 0);
    ck_assert_uint_eq(d.received, 5 * MIB + 17);
    ck_assert_int_eq(d.expected, 5 * MIB + 17);
    ck_assert(!d.truncated);
    ck_assert_ptr_null(d.problem);
    check_content(fd, core, 5 * MIB + 17);
    hold_fini(&hold);
}
END_TEST

START_TEST(a_core_that_ends_early_is_declared)
{
    _cleanup_free_ char *core = make_core(3 * MIB);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 2 * MIB, false);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 30 * USEC_PER_SEC), 0);
    dump_stream(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(wait_for(pid), 0);
    ck_assert_uint_eq(d.received, 2 * MIB);
    ck_assert_int_eq(d.expected, 3 * MIB);
    ck_assert(d.truncated);
    ck_assert_ptr_nonnull(d.problem);
    check_content(fd, core, 2 * MIB);
    hold_fini(&hold);
}
END_TEST

START_TEST(a_core_over_the_maximum_is_cut_and_the_process_let_go)
{
    _cleanup_free_ char *core = make_core(8 * MIB);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 8 * MIB, true);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 30 * USEC_PER_SEC), 0);
    dump_stream(&hold, fd, 3 * MIB, &d);
    ck_assert_int_eq(wait_for(pid), EPIPE);
    ck_assert_uint_eq(d.received, 3 * MIB);
    ck_assert(d.truncated);
    ck_assert_ptr_nonnull(strstr(d.problem, "core_max"));
    check_content(fd, core, 3 * MIB);
    hold_fini(&hold);
}
END_TEST

START_TEST(a_dump_that_takes_too_long_is_let_go)
{
    _cleanup_free_ char *core = make_core(MIB);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, MIB, true);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 300 * USEC_PER_MSEC), 0);
    dump_stream(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(hold_ended(&hold), HOLD_EXPIRED);
    ck_assert_int_eq(wait_for(pid), EPIPE);
    ck_assert(d.truncated);
    ck_assert_ptr_nonnull(strstr(d.problem, "hold_max"));
    ck_assert_uint_ge(d.received, MIB);
    hold_fini(&hold);
}
END_TEST

/* The file system takes no more (here: RLIMIT_FSIZE). The process is not kept for that. */
START_TEST(a_file_that_can_not_be_written)
{
    const struct rlimit limit = {4096, 4096};
    _cleanup_free_ char *core = make_core(8 * MIB);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 8 * MIB, true);
    struct hold hold;
    struct dump d;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(hold_begin(&hold, 30 * USEC_PER_SEC), 0);
    dump_stream(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(wait_for(pid), EPIPE);
    ck_assert_int_eq(d.error, -EFBIG);
    ck_assert(d.truncated);
    ck_assert_ptr_nonnull(d.problem);
    hold_fini(&hold);
}
END_TEST

START_TEST(no_bytes_at_all)
{
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer("", 0, false);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 30 * USEC_PER_SEC), 0);
    dump_stream(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(wait_for(pid), 0);
    ck_assert_uint_eq(d.received, 0);
    ck_assert_ptr_nonnull(d.problem);
    ck_assert(d.expected == META_UNKNOWN);
    hold_fini(&hold);
}
END_TEST

/* However the head is cut into blocks. */
START_TEST(the_promise_is_read_from_any_pieces)
{
    _cleanup_free_ char *core = make_core(MIB);

    for (size_t piece = 1; piece < 300; piece++) {
        struct promise p;

        promise_init(&p);
        for (size_t at = 0; at < 8192; at += piece)
            promise_feed(&p, core + at, piece);
        ck_assert_int_eq(p.expected, MIB);
        promise_fini(&p);
    }
}
END_TEST

START_TEST(heads_that_promise_nothing)
{
    _cleanup_free_ char *core = make_core(MIB);
    Elf64_Ehdr *header = (void *)core;
    struct promise p;

    header->e_phnum = PN_XNUM;
    promise_init(&p);
    promise_feed(&p, core, MIB);
    ck_assert(p.expected == META_UNKNOWN && p.wanted == 0);
    promise_fini(&p);
    header->e_phnum = 2;
    header->e_phoff = UINT64_MAX - 50;
    promise_init(&p);
    promise_feed(&p, core, MIB);
    ck_assert(p.expected == META_UNKNOWN && p.wanted == 0);
    promise_fini(&p);
    header->e_type = ET_DYN;
    header->e_phoff = 64;
    promise_init(&p);
    promise_feed(&p, core, MIB);
    ck_assert(p.expected == META_UNKNOWN && p.wanted == 0);
    promise_fini(&p);
}
END_TEST

UNIT_MAIN("client/dump", a_whole_core, a_core_that_ends_early_is_declared,
          a_core_over_the_maximum_is_cut_and_the_process_let_go,
          a_dump_that_takes_too_long_is_let_go, a_file_that_can_not_be_written, no_bytes_at_all,
          the_promise_is_read_from_any_pieces, heads_that_promise_nothing)
