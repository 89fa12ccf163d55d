/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/slim */
/* Slim cores of a process of our own making: what is taken of it, what is not, and the file that
 * comes of it. */
#include "client/slim/slim.h"

#include <link.h>

#include "tests/lib/unit.h"
#include "tests/unit/slim_process.h"

#define EXE    0x400000u
#define HEAP   0x10000000u
#define LIBC   0x7f0000000000u
#define OTHER  0x7f1000000000u /* the other thread's stack, and what it keeps above */
#define SECRET 0x7f2000000000u /* MADV_DONTDUMP */
#define STACK  0x7ffd00000000u
#define VDSO   0x7ffd80000000u
#define KIB    1024u

static const struct core_image_file files[] = {
    {EXE, EXE + 0x2000, 0, "/usr/bin/tester"},
    {LIBC, LIBC + 0x4000, 0, "/usr/lib/libc.so.6"},
    {LIBC + 0x4000, LIBC + 0x6000, 4, "/usr/lib/libc.so.6"},
};
static const struct core_image_thread threads[] = {
    {.tid = 4242, .signal = 11, .pc = EXE + 0x1000, .sp = STACK + 0x8100},
    {.tid = 4243, .pc = LIBC + 0x1000, .sp = OTHER + 0x1000, .tp = OTHER + 0x5800},
};

/* Program headers, dynamic section, r_debug in the executable's page; two entries on the heap. */
static void link_things(struct process *p)
{
    const Elf64_Phdr headers[] = {
        {.p_type = PT_PHDR, .p_vaddr = EXE + 0x40},
        {.p_type = PT_DYNAMIC, .p_vaddr = EXE + 0x400, .p_memsz = 0x100},
    };
    const Elf64_Dyn dynamic[] = {{.d_tag = DT_DEBUG, .d_un.d_ptr = EXE + 0x800}, {0}};
    const struct r_debug debug = {.r_version = 1, .r_map = (void *)(uintptr_t)(HEAP + 0x20000)};
    const struct link_map first = {.l_next = (void *)(uintptr_t)(HEAP + 0x30000),
                                   .l_name = (void *)(uintptr_t)(HEAP + 0x20800)};
    const struct link_map second = {.l_addr = LIBC,
                                    .l_name = (void *)(uintptr_t)(HEAP + 0x40ffe),
                                    .l_ld = (void *)(uintptr_t)(LIBC + 0x4100)};

    process_put(p, EXE + 0x40, headers, sizeof headers);
    process_put(p, EXE + 0x400, dynamic, sizeof dynamic);
    process_put(p, EXE + 0x800, &debug, sizeof debug);
    process_put(p, HEAP + 0x20000, &first, sizeof first);
    process_put(p, HEAP + 0x30000, &second, sizeof second);
    process_put(p, HEAP + 0x40ffe, "/usr/lib/libc.so.6", 19);
}

static void process_init(struct process *p)
{
    *p = (struct process){.image = {.threads = threads,
                                    .n_threads = ARRAY_SIZE(threads),
                                    .files = files,
                                    .n_files = ARRAY_SIZE(files),
                                    .signal = 11,
                                    .code = 1,
                                    .vdso = VDSO,
                                    .entry = EXE + 0x1000,
                                    .program_headers = EXE + 0x40,
                                    .n_program_headers = 2,
                                    .random = STACK + 0x3ff00}};
    process_map(p, EXE, 0x2000, 0x1000, PF_R | PF_X);
    process_map(p, HEAP, 0x100000, 0x100000, PF_R | PF_W);
    process_map(p, LIBC, 0x4000, 0x1000, PF_R | PF_X);
    process_map(p, LIBC + 0x4000, 0x2000, 0x2000, PF_R | PF_W);
    process_map(p, LIBC + 0x6000, 0x1000, 0x1000, PF_R | PF_W); /* .bss */
    process_map(p, OTHER - 0x1000, 0x1000, 0, 0);
    process_map(p, OTHER, 0x80000, 0x80000, PF_R | PF_W);
    process_map(p, SECRET, 0x10000, 0, PF_R | PF_W);
    process_map(p, STACK, 0x40000, 0x40000, PF_R | PF_W);
    process_map(p, VDSO, 0x2000, 0x2000, PF_R | PF_X);
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->regions[i].filesz; k++)
            p->regions[i].bytes[k] = (uint8_t)(k / 4096 + k + 1);
    memset(process_at(p, STACK, 0x40000), 0, 0x40000);
    link_things(p);
}

#define HELD(n, address, length)                                                                   \
    ck_assert_msg(process_held(&p, s, (address), (length)) == (n), #address " of " #length)

START_TEST(what_debuggers_need)
{
    _process_ struct process p;

    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x38000, STACK + 0x8000, 0x40000); /* down to the red zone, out to the end */
    HELD(0, STACK + 0x7ff8, 8);
    HELD(0x7000, OTHER, 0x80000); /* to what the thread keeps, and no further */
    HELD(0x2000, EXE, 0x2000);    /* with the code where it crashed */
    HELD(0x1000, LIBC, 0x4000);
    HELD(0x2000, LIBC + 0x4000, 0x2000);
    HELD(0x1000, LIBC + 0x6000, 0x1000);
    HELD(0x2000, VDSO, 0x2000);
    HELD(0x1000, HEAP + 0x20000, 0x10000);
    HELD(0x1000, HEAP + 0x30000, 0x10000);
    HELD(0x2000, HEAP + 0x40000, 0x10000); /* a name on two pages */
    HELD(0, HEAP + 0x50000, 1);
    HELD(0, SECRET, 1);
    ck_assert(!slim_was_cut(s));
}
END_TEST

START_TEST(what_pointers_lead_to)
{
    _process_ struct process p;

    process_init(&p);
    process_put_word(&p, STACK + 0x8108, HEAP + 0x60010); /* near the start of a page: both */
    process_put_word(&p, STACK + 0x8110, SECRET + 8);
    process_put_word(&p, STACK + 0x8118, UINT64_MAX);
    process_put_word(&p, STACK + 0x8120, VDSO + 8);
    process_put_word(&p, STACK + 0x20000, HEAP + 0x70800); /* too far from the top */
    process_put_word(&p, OTHER + 0x1008, HEAP + 0x80800);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x2000, HEAP + 0x5f000, 0x4000);
    HELD(0, HEAP + 0x70800, 1);
    HELD(0x1000, HEAP + 0x80000, 0x2000);
}
END_TEST

START_TEST(no_more_pointers_than_allowed)
{
    _process_ struct process p;
    struct slim_limits limits = process_limits;

    process_init(&p);
    for (uint64_t i = 0; i < 16; i++)
        process_put_word(&p, STACK + 0x8108 + 8 * i, HEAP + 0x60800 + 0x1000 * i);
    limits.pointers = 4 * 4096;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, &limits);

    HELD(3 * 4096, HEAP + 0x60000, 0x10000); /* a quarter is for the other threads */
    ck_assert(!slim_was_cut(s));
}
END_TEST

/* __abort_msg of the C library points to a mapping that begins with its own size. */
START_TEST(the_message_of_an_abort)
{
    _process_ struct process p;
    const uint32_t size = 4096;
    struct slim_limits limits = process_limits;

    process_init(&p);
    process_put_word(&p, LIBC + 0x6ff0, HEAP + 0x90000);
    process_put(&p, HEAP + 0x90000, &size, sizeof size);
    process_put_word(&p, LIBC + 0x6ff8, HEAP + 0xa0000); /* begins with something else */
    limits.pointers = 64 * KIB;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, &limits);

    HELD(0x1000, HEAP + 0x90000, 0x2000);
    HELD(0, HEAP + 0xa0000, 1);
}
END_TEST

/* The thread is in a handler on the heap; what it interrupted is on the stack, and within that is
 * another such frame that leads to the other thread's. */
START_TEST(what_handlers_interrupted)
{
    _process_ struct process p;
    struct core_image_thread one[] = {{.tid = 1, .signal = 6, .pc = EXE, .sp = HEAP + 0xb0010}};
    uint64_t context[28] = {[0] = 7,
                            [20] = STACK + 0x8100,
                            [22] = 0x246,
                            [23] = 0x002b000000000033,
                            [5] = HEAP + 0xc0800 /* r8 */};

    process_init(&p);
    p.image.threads = one;
    p.image.n_threads = 1;
    process_put(&p, HEAP + 0xb0100, context, sizeof context);
    context[20] = OTHER + 0x1000;
    process_put(&p, STACK + 0x8200, context, sizeof context);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x38000, STACK + 0x8000, 0x38000);
    HELD(0x2000, OTHER, 0x2000);
    HELD(0x1000, HEAP + 0xc0000, 0x1000);
}
END_TEST

START_TEST(a_stack_that_overflowed)
{
    _process_ struct process p;
    struct core_image_thread one[] = {{.tid = 1, .signal = 11, .pc = EXE, .sp = STACK - 0x800}};
    struct slim_limits limits = process_limits;

    process_init(&p);
    p.image.threads = one;
    p.image.n_threads = 1;
    limits.crashing_stack = 160 * KIB;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, &limits);

    HELD(96 * KIB, STACK, 128 * KIB);                     /* the innermost frames */
    HELD(64 * KIB, STACK + 0x40000 - 64 * KIB, 64 * KIB); /* and the outermost */
    HELD(0, STACK + 96 * KIB, 1);
    ck_assert(slim_was_cut(s));
}
END_TEST

START_TEST(little_room_is_shared)
{
    _process_ struct process p;
    const struct slim_limits limits = {64 * KIB, 64 * KIB, 4096, 256 * KIB};

    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, &limits);

    ck_assert(slim_was_cut(s));
    ck_assert_uint_ge(process_held(&p, s, STACK + 0x8000, 0x1000), 0x1000);
    ck_assert_uint_ge(process_held(&p, s, OTHER, 0x2000), 0x1000);
    ck_assert_uint_le(slim_size(s), 256 * KIB + 64 * KIB);
}
END_TEST

START_TEST(no_room_at_all)
{
    _process_ struct process p;
    const struct slim_limits limits = {0};

    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, &limits);

    HELD(0, STACK + 0x8100, 8);
    ck_assert(slim_was_cut(s));
    ck_assert_uint_gt(slim_size(s), p.head / 2);
}
END_TEST

/* --- Processes that lie --- */

START_TEST(lists_that_never_end)
{
    static const uint64_t next[] = {HEAP + 0x20000, HEAP + 0x30000, HEAP + 0x2fffc,
                                    UINT64_MAX - 3, SECRET,         8};
    _process_ struct process p;

    process_init(&p);
    process_put_word(&p, HEAP + 0x30000 + offsetof(struct link_map, l_next), next[_i]);
    memset(process_at(&p, HEAP + 0x40ffe, 0x1000), 'x', 0x1000);
    process_put_word(&p, HEAP + 0x20000 + offsetof(struct link_map, l_name), UINT64_MAX);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    ck_assert_uint_lt(p.reads, 200);
    HELD(0x1000, HEAP + 0x30000, 0x1000);
}
END_TEST

START_TEST(a_long_list)
{
    _process_ struct process p;

    process_init(&p);
    for (uint64_t i = 0; i < 20000; i++) { /* goes all over the heap, to its end */
        uint64_t at = HEAP + 0x50000 + i * 32;
        const struct link_map entry = {.l_name = (void *)(uintptr_t)(at + 8),
                                       .l_next = (void *)(uintptr_t)(at + 32)};

        process_put(&p, at, &entry, 32);
    }
    process_put_word(&p, HEAP + 0x30000 + offsetof(struct link_map, l_next), HEAP + 0x50000);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    ck_assert_uint_lt(p.reads, 8192 * 3);
    HELD(0x38000, STACK + 0x8000, 0x38000);
}
END_TEST

static const struct {
    uint64_t sp, tp;
} nowhere[] = {
    {0, 0},
    {8, 8},
    {SECRET, SECRET + 8},
    {UINT64_MAX, UINT64_MAX},
    {1ull << 63, 1},
    {UINT64_MAX - 127, UINT64_MAX - 2000},
};

START_TEST(registers_that_lead_nowhere)
{
    _process_ struct process p;
    struct core_image_thread two[] = {
        {.tid = 1, .signal = 11, .sp = nowhere[_i].sp, .tp = nowhere[_i].tp},
        {.tid = 2, .sp = nowhere[_i].sp, .tp = nowhere[_i].tp, .bp = nowhere[_i].sp},
    };

    process_init(&p);
    p.image.threads = two;
    p.image.program_headers = nowhere[_i].sp;
    p.image.vdso = nowhere[_i].tp;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x1000, LIBC, 0x1000);
    HELD(0, SECRET, 8);
}
END_TEST

START_TEST(a_process_without_threads)
{
    _process_ struct process p;

    process_init(&p);
    p.image.n_threads = 0;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    ck_assert_uint_gt(slim_size(s), 0);
}
END_TEST

/* --- A process that goes away --- */

START_TEST(killed_meanwhile)
{
    _process_ struct process p;

    process_init(&p);
    p.reads_left = (uint64_t)_i + 1;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    ck_assert_uint_lt(p.reads, 1000);
    ck_assert_uint_gt(slim_size(s), 0);
    process_held(&p, s, STACK + 0x8000, 0x38000);
}
END_TEST

START_TEST(a_page_that_cannot_be_read)
{
    _process_ struct process p;

    process_init(&p);
    p.bad_page = STACK + 0xa000;
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x2000, STACK + 0x8000, 0x10000);
    HELD(0, STACK + 0xa000, 8);
    HELD(0x35000, STACK + 0xb000, 0x40000);
}
END_TEST

START_TEST(short_reads)
{
    static const size_t longest[] = {4096, 5000, 65536};
    _process_ struct process p;

    process_init(&p);
    p.longest = longest[_i];
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    HELD(0x38000, STACK + 0x8000, 0x38000);
}
END_TEST

/* --- The file --- */

static int append(void *arg, const void *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return buf_error(arg);
}

/* The slim core as a core. */
static void reopen(const struct slim *s, struct buf *b, struct arena *a, struct corefile *ret)
{
    ck_assert_int_eq(slim_write(s, append, b), 0);
    ck_assert_uint_eq(b->len, slim_size(s));
    ck_assert_int_eq(corefile_open(bytes_of_memory(b->data, b->len), a, ret), 0);
}

START_TEST(is_a_core)
{
    _process_ struct process p;
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 24);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile c;
    uint64_t end = 0;
    uint8_t byte;

    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    reopen(s, &b, &a, &c);
    ck_assert_uint_eq(c.n_threads, 2);
    ck_assert_uint_eq(c.n_mappings, 3);
    ck_assert_str_eq(c.arguments, "tester --now");
    ck_assert(!c.truncated && !c.notes_cut);
    for (size_t i = 0; i < c.n_segments; i++) { /* all of what was mapped, in order */
        const struct core_segment *g = &c.segments[i];

        ck_assert_uint_ge(g->start, end);
        ck_assert_uint_eq(g->present, g->filesz);
        ck_assert(g->filesz == 0 ? g->offset == b.len : g->filesz == g->memsz);
        ck_assert(g->filesz == 0 || g->offset % 4096 == g->start % 4096);
        ck_assert_uint_eq(g->flags, corefile_segment(&p.core, g->start)->flags);
        end = g->start + g->memsz;
        for (uint64_t at = g->start; at < end; at += 4096) {
            ck_assert_int_eq(corefile_read(&c, at, &byte, 1), g->filesz != 0);
            ck_assert(g->filesz == 0 || byte == *process_at(&p, at, 1));
        }
    }
    for (size_t i = 0; i < p.n; i++)
        ck_assert_ptr_nonnull(corefile_segment(&c, p.regions[i].start + p.regions[i].memsz - 1));
}
END_TEST

START_TEST(secrets_are_blanked)
{
    _process_ struct process p;
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 24);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile c;
    const struct slim_range ranges[] = {
        {STACK + 0x20004, 6}, {STACK - 4, 8}, {SECRET, 8}, {UINT64_MAX - 1, 8}, {STACK, 0}};
    char text[16] = "";

    process_init(&p);
    process_put(&p, STACK + 0x20000, "key=SECRET", 11);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    slim_blank(s, ranges, ARRAY_SIZE(ranges));
    slim_set_arguments(s, "tester --key=******");
    ck_assert_uint_eq(slim_read(s, STACK + 0x20000, text, 11), 11);
    ck_assert_str_eq(text, "key=******");
    reopen(s, &b, &a, &c);
    ck_assert_int_eq(corefile_read(&c, STACK + 0x20000, text, 11), 11);
    ck_assert_str_eq(text, "key=******");
    ck_assert_str_eq(c.arguments, "tester --key=******");
    ck_assert_ptr_null(memmem(b.data, b.len, "--now", 5));
    ck_assert_int_eq(c.threads[1].tid, 4243); /* what follows the arguments stayed in its place */
}
END_TEST

START_TEST(arguments_that_are_too_long)
{
    _process_ struct process p;
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 24);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile c;
    char text[200];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    slim_set_arguments(s, text);
    reopen(s, &b, &a, &c);
    ck_assert_uint_eq(strlen(c.arguments), 79);
    ck_assert_uint_eq(c.n_threads, 2);
}
END_TEST

static int give_up(void *arg, const void *bytes, size_t n)
{
    size_t *left = arg;

    (void)bytes;
    if (n > *left)
        return -ENOSPC;
    *left -= n;
    return 0;
}

START_TEST(a_disk_that_is_full)
{
    _process_ struct process p;

    process_init(&p);
    process_die(&p);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);
    size_t left = slim_size(s) / 16 * (size_t)_i;

    ck_assert_int_eq(slim_write(s, give_up, &left), -ENOSPC);
}
END_TEST

/* 70,000 segments: their number does not fit into the ELF header, of the core and of ours. */
START_TEST(very_many_segments)
{
    enum { N = 70000 };
    _cleanup_free_ struct core_image_memory *memory = calloc(N, sizeof *memory);
    _process_ struct process p = {.reads_left = UINT64_MAX, .longest = SIZE_MAX};
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 24);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct core_image_thread one[] = {{.tid = 1, .signal = 11, .pc = EXE, .sp = STACK + 0x100}};
    struct core_image m = {
        .threads = one, .n_threads = 1, .memory = memory, .n_memory = N + 1, .xnum = true};
    struct corefile c;

    memory = realloc(memory, (N + 1) * sizeof *memory);
    for (uint64_t i = 0; i < N; i++)
        memory[i] = (struct core_image_memory){HEAP + i * 8192, 4096, NULL, 0, PF_R};
    process_map(&p, STACK, 0x2000, 0x2000, PF_R | PF_W);
    memory[N] = (struct core_image_memory){STACK, 0x2000, (const char *)p.regions[0].bytes, 0x2000,
                                           PF_R | PF_W};
    m.memory = memory;
    buf_init(&p.bytes, 1u << 24);
    core_image_build(&m, &p.bytes);
    p.head = p.bytes.len - 0x2000 - sizeof(Elf64_Shdr);
    ck_assert_int_eq(corefile_open(bytes_of_memory(p.bytes.data, p.head), &p.arena, &p.core), 0);
    ck_assert_uint_eq(p.core.n_segments, N + 1);
    _cleanup_slim_ struct slim *s = process_slim(&p, NULL);

    reopen(s, &b, &a, &c);
    ck_assert_uint_eq(c.n_segments, N + 1);
    ck_assert_int_eq(corefile_read(&c, STACK + 0x1ff8, &m, 8), 8);
}
END_TEST

START_TEST(programs_of_another_machine)
{
    static const uint16_t machines[] = {EM_X86_64, EM_386, EM_AARCH64};

    for (size_t i = 0; i < 3; i++) {
        struct corefile core = {.layout = core_layout_find(machines[i], machines[i] != EM_386)};

        ck_assert(slim_understands(&core) == (machines[i] == EM_X86_64));
    }
}
END_TEST

UNIT_TABLES_MAIN("slim/slim", {what_debuggers_need, 1}, {what_pointers_lead_to, 1},
                 {no_more_pointers_than_allowed, 1}, {the_message_of_an_abort, 1},
                 {what_handlers_interrupted, 1}, {a_stack_that_overflowed, 1},
                 {little_room_is_shared, 1}, {no_room_at_all, 1}, {lists_that_never_end, 6},
                 {a_long_list, 1}, {registers_that_lead_nowhere, ARRAY_SIZE(nowhere)},
                 {a_process_without_threads, 1}, {killed_meanwhile, 40},
                 {a_page_that_cannot_be_read, 1}, {short_reads, 3}, {is_a_core, 1},
                 {secrets_are_blanked, 1}, {arguments_that_are_too_long, 1},
                 {a_disk_that_is_full, 16}, {very_many_segments, 1},
                 {programs_of_another_machine, 1})
