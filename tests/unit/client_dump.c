/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
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

#include "client/handler/head.h"
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

/* As the handler does it: the head first, which is then written in front of the rest. */
static void dump_all(struct hold *hold, int fd, uint64_t max, struct dump *ret)
{
    struct chain chain = CHAIN_NONE;
    struct sink to = sink_file(fd);
    struct head head;

    ck_assert_int_ge(head_read(hold, &head), 0);
    dump_stream(
        &(struct dump_plan){.hold = hold, .head = &head, .chain = &chain, .to = &to, .max = max},
        ret);
    head_fini(&head);
}

START_TEST(a_whole_core)
{
    _cleanup_free_ char *core = make_core(5 * MIB + 17);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 5 * MIB + 17, false);
    struct hold hold;
    struct dump d;

    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    dump_all(&hold, fd, UINT64_MAX, &d);
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

    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    dump_all(&hold, fd, UINT64_MAX, &d);
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

    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    dump_all(&hold, fd, 3 * MIB, &d);
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

    ck_assert_int_eq(hold_begin(&hold, 0, 300 * USEC_PER_MSEC), 0);
    dump_all(&hold, fd, UINT64_MAX, &d);
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
    _cleanup_free_ char *core = make_core(24 * MIB);
    int fd = memfd_create("core", 0);
    pid_t pid = start_writer(core, 24 * MIB, true);
    struct hold hold;
    struct dump d;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    dump_all(&hold, fd, UINT64_MAX, &d);
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

    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    dump_all(&hold, fd, UINT64_MAX, &d);
    ck_assert_int_eq(wait_for(pid), 0);
    ck_assert_uint_eq(d.received, 0);
    ck_assert_ptr_nonnull(d.problem);
    ck_assert(d.expected == META_UNKNOWN);
    hold_fini(&hold);
}
END_TEST

/* --- The head --- */

/* Asks for more until it is satisfied, as one who reads a pipe does; the outcome. */
static int promise_of(const char *core, size_t size, struct promise *ret)
{
    size_t n = 0;
    int r;

    while ((r = promise_read(core, n, ret)) == PROMISE_MORE) {
        ck_assert_uint_gt(ret->head, n);
        if (ret->head > size)
            return r;
        n = ret->head;
    }
    return r;
}

START_TEST(the_promise_is_the_same_from_any_piece)
{
    _cleanup_free_ char *core = make_core(MIB);

    for (size_t n = 0; n < 300; n++) {
        struct promise p;
        int r = promise_read(core, n, &p);

        ck_assert_int_eq(r, n < 64 + 56 ? PROMISE_MORE : 0);
        ck_assert_uint_eq(p.head, n < 64 ? 64 : 64 + 56);
        if (r == 0)
            ck_assert_int_eq(p.expected, MIB);
    }
}
END_TEST

START_TEST(heads_that_promise_nothing)
{
    _cleanup_free_ char *core = make_core(MIB);
    Elf64_Ehdr *header = (void *)core;
    struct promise p;

    header->e_phnum = PN_XNUM; /* and the first segment is no note */
    ck_assert_int_eq(promise_of(core, MIB, &p), PROMISE_NONE);
    header->e_phnum = 2;
    header->e_phoff = UINT64_MAX - 50;
    ck_assert_int_eq(promise_of(core, MIB, &p), PROMISE_NONE);
    header->e_type = ET_DYN;
    header->e_phoff = 64;
    ck_assert_int_eq(promise_of(core, MIB, &p), PROMISE_NONE);
}
END_TEST

/* PN_XNUM: how many segments there are is told by where the notes lie. */
START_TEST(more_segments_than_the_header_can_count)
{
    enum { SEGMENTS = 70000, TABLE = 64 + SEGMENTS * 56, NOTES = 1000 };
    size_t size = TABLE + NOTES + 4096;
    _cleanup_free_ char *core = make_core(size);
    Elf64_Ehdr *header = (void *)core;
    Elf64_Phdr *segments = (void *)(core + sizeof(*header));
    struct promise p;

    header->e_phnum = PN_XNUM;
    memset(segments, 0, TABLE - 64);
    segments[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = TABLE, .p_filesz = NOTES};
    segments[SEGMENTS - 1] =
        (Elf64_Phdr){.p_type = PT_LOAD, .p_offset = size - 100, .p_filesz = 100};
    ck_assert_int_eq(promise_of(core, size, &p), 0);
    ck_assert_uint_eq(p.head, TABLE + NOTES);
    ck_assert_int_eq(p.expected, (int64_t)size);
}
END_TEST

START_TEST(notes_over_the_limit_are_cut)
{
    _cleanup_free_ char *core = make_core(MIB);
    Elf64_Phdr *segment = (void *)(core + sizeof(Elf64_Ehdr));
    struct promise p;

    segment->p_type = PT_NOTE;
    segment->p_filesz = 1u << 30;
    ck_assert_int_eq(promise_of(core, MIB, &p), PROMISE_MORE);
    ck_assert_uint_eq(p.head, 64 + 56 + PROMISE_NOTES_MAX);
}
END_TEST

/* With core_pipe_limit 0 whoever drains the pipe lets a small process go. */
START_TEST(not_a_byte_more_than_the_head_is_read)
{
    _cleanup_free_ char *core = make_core(8192);
    pid_t pid = start_writer(core, 8192, false);
    struct hold hold;
    struct head head;
    char rest[8192];

    ck_assert_int_eq(hold_begin(&hold, 0, 30 * USEC_PER_SEC), 0);
    ck_assert_int_eq(head_read(&hold, &head), 0);
    ck_assert_uint_eq(head.bytes.len, 64 + 56);
    ck_assert_int_eq(head.expected, 8192);
    ck_assert_int_eq(io_read(hold.pipe, rest, sizeof(rest)), 8192 - 64 - 56);
    ck_assert_int_eq(memcmp(rest, core + 64 + 56, 8192 - 64 - 56), 0);
    ck_assert_int_eq(wait_for(pid), 0);
    head_fini(&head);
    hold_fini(&hold);
}
END_TEST

/* --- Hanging --- */

/* A process can make its own memory slow to read, a disk is nobody's weapon. */
START_TEST(who_hangs_is_given_up)
{
    struct hold h = {.end = HOLD_STALLED};

    ck_assert(!hold_hangs(&h, 2000 * USEC_PER_SEC));
    h.let_go = 1000;
    ck_assert(!hold_hangs(&h, 1000 + HOLD_LOOK_MAX));
    ck_assert(hold_hangs(&h, 1001 + HOLD_LOOK_MAX));
    hold_looked(&h);
    ck_assert(!hold_hangs(&h, 1000 + HOLD_FINISH_MAX));
    ck_assert(hold_hangs(&h, 1001 + HOLD_FINISH_MAX));
}
END_TEST

/* --- What is blanked --- */

START_TEST(ranges_of_addresses_are_blanked_by_offset)
{
    struct core_segment segments[] = {
        {.start = 0x1000, .memsz = 0x1000, .offset = 0x100, .filesz = 0x1000},
        {.start = 0x2000, .memsz = 0x1000, .offset = 0x1100, .filesz = 0x800},
        {.start = 0x9000, .memsz = 0x1000, .offset = 0x1900, .filesz = 0},
    };
    struct corefile core = {.segments = segments, .n_segments = 3};
    const struct slim_range ranges[] = {{0x2010, 8},  {0x1ff8, 16}, {0x27fc, 16},
                                        {0x9000, 32}, {0x5000, 8},  {UINT64_MAX - 4, 8}};
    const struct privacy secrets = {.ranges = ranges, .n_ranges = 6};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct scrub scrub;
    char whole[0x2000], pieces[0x2000];
    static const struct {
        size_t from, to;
    } blanked[] = {{0x10f8, 0x1108}, {0x1110, 0x1118}, {0x18fc, 0x1900}};

    scrub_init(&scrub, &core, &secrets, &a);
    memset(whole, '.', sizeof(whole));
    memset(pieces, '.', sizeof(pieces));
    scrub_block(&scrub, 0, whole, sizeof(whole));
    for (size_t at = 0; at < sizeof(pieces); at += 5)
        scrub_block(&scrub, at, pieces + at, sizeof(pieces) - at < 5 ? sizeof(pieces) - at : 5);
    ck_assert_int_eq(memcmp(whole, pieces, sizeof(whole)), 0);
    for (size_t i = 0; i < 3; i++)
        for (size_t at = blanked[i].from; at < blanked[i].to; at++) {
            ck_assert_int_eq(whole[at], '*');
            whole[at] = '.';
        }
    ck_assert_ptr_null(memchr(whole, '*', sizeof(whole)));
}
END_TEST

START_TEST(copies_on_the_stack_are_blanked)
{
    struct core_segment segments[] = {
        {.start = 0x1000, .memsz = 0x100, .offset = 0x100, .filesz = 0x100},
        {.start = 0x2000, .memsz = 0x100, .offset = 0x200, .filesz = 0x100},
    };
    struct corefile core = {.segments = segments, .n_segments = 2};
    const struct slim_range range = {0x20f0, 8};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct copies copies;
    const struct privacy secrets = {.ranges = &range, .n_ranges = 1, .copies = &copies};
    struct scrub scrub;
    char block[0x300];

    copies_init(&copies, &a);
    copies_add(&copies, "KEY=secret", 4, 10);
    copies_settle(&copies);
    scrub_init(&scrub, &core, &secrets, &a);
    memset(block, '.', sizeof(block));
    memcpy(block + 0x120, "KEY=secret", 10);
    memcpy(block + 0x220, "KEY=secret", 10);
    scrub_block(&scrub, 0, block, sizeof(block));
    ck_assert_mem_eq(block + 0x120, "KEY=secret", 10);
    ck_assert_mem_eq(block + 0x220, "KEY=******.", 11);
}
END_TEST

UNIT_MAIN("client/dump", a_whole_core, a_core_that_ends_early_is_declared,
          a_core_over_the_maximum_is_cut_and_the_process_let_go,
          a_dump_that_takes_too_long_is_let_go, a_file_that_can_not_be_written, no_bytes_at_all,
          the_promise_is_the_same_from_any_piece, heads_that_promise_nothing,
          more_segments_than_the_header_can_count, notes_over_the_limit_are_cut,
          not_a_byte_more_than_the_head_is_read, ranges_of_addresses_are_blanked_by_offset,
          copies_on_the_stack_are_blanked, who_hangs_is_given_up)
