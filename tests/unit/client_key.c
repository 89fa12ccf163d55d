/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* The kind of a crash: the same wherever the kernel puts a program, another one for another bug.
 * Cores are written by core_image.h; the process' memory is what they hold. */
#include "client/handler/key.h"

#include <stdio.h>
#include <string.h>

#include "client/handler/siphash.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"

#define PAGE 4096u

/* A process: an executable of three pages, a library of two, heap and stack, somewhere. Texts of
 * files are two pages behind their start. */
struct process_image {
    uint64_t exe, lib, stack; /* where */
    uint64_t pc, sp, bp;
    uint8_t exe_id, lib_id; /* of their build-ids; 0: none */
    uint64_t words[16];     /* on the stack from sp on */
    int signal, code;
    const char *exe_path;
    struct crash_meta meta;
};

static const struct process_image usual = {
    .exe = 0x555555554000,
    .lib = 0x7ffff7000000,
    .stack = 0x7ffffffde000,
    .pc = 0x1234, /* below: from the start of the executable */
    .sp = 0x100,
    .exe_id = 1,
    .lib_id = 2,
    .signal = 11,
    .code = 1,
    .exe_path = "/usr/bin/program",
};

static void first_page(uint8_t page[static PAGE], uint8_t id)
{
    Elf64_Ehdr h = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_phoff = sizeof(h),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    Elf64_Phdr load = {.p_type = PT_LOAD, .p_filesz = PAGE, .p_memsz = PAGE};
    Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = 512, .p_vaddr = 512, .p_align = 4};
    const uint32_t head[] = {4, 20, NT_GNU_BUILD_ID};

    memset(page, 0, PAGE);
    if (id)
        note.p_filesz = sizeof(head) + 4 + 20;
    memcpy(page, &h, sizeof(h));
    memcpy(page + sizeof(h), &load, sizeof(load));
    memcpy(page + sizeof(h) + sizeof(load), &note, sizeof(note));
    memcpy(page + 512, head, sizeof(head));
    memcpy(page + 512 + sizeof(head), "GNU", 4);
    memset(page + 512 + sizeof(head) + 4, id, 20);
}

static ssize_t read_core(void *arg, uint64_t address, void *p, size_t n)
{
    return corefile_read(arg, address, p, n);
}

static struct ledger_case key_of(const struct process_image *p)
{
    static struct arena a = ARENA_INIT(0);
    uint8_t exe[PAGE], lib[PAGE], stack[2 * PAGE] = {0};
    const struct core_image_file files[] = {
        {p->exe, p->exe + PAGE, 0, p->exe_path},
        {p->exe + PAGE, p->exe + 3 * PAGE, 1, p->exe_path},
        {p->lib, p->lib + PAGE, 0, "/lib/libc.so.6"},
        {p->lib + PAGE, p->lib + 3 * PAGE, 1, "/lib/libc.so.6"},
    };
    const struct core_image_memory memory[] = {
        {p->exe, PAGE, (char *)exe, PAGE, PF_R},
        {p->exe + PAGE, 2 * PAGE, NULL, 0, PF_R | PF_X},
        {p->lib, PAGE, (char *)lib, PAGE, PF_R},
        {p->lib + PAGE, 2 * PAGE, NULL, 0, PF_R | PF_X},
        {p->stack, sizeof(stack), (char *)stack, sizeof(stack), PF_R | PF_W},
    };
    const struct core_image_thread thread = {
        .tid = 1, .signal = p->signal, .pc = p->pc, .sp = p->stack + p->sp, .bp = p->bp};
    const struct core_image image = {
        .threads = &thread,
        .n_threads = 1,
        .files = files,
        .n_files = ARRAY_SIZE(files),
        .memory = memory,
        .n_memory = ARRAY_SIZE(memory),
        .signal = p->signal,
        .code = p->code,
        .vdso = p->lib + 0x100000,
        .entry = p->exe + PAGE + 64,
    };
    struct corefile core;
    struct slim_source source = {read_core, &core};
    struct ledger_case c;
    struct buf b;

    buf_init(&b, 1u << 20);
    first_page(exe, p->exe_id);
    first_page(lib, p->lib_id);
    memcpy(stack + p->sp, p->words, sizeof(p->words));
    core_image_build(&image, &b);
    ck_assert_int_eq(corefile_open(bytes_of_memory(b.data, b.len), &a, &core), 0);
    key_read(&core, &source, &p->meta, &a, &c);
    buf_fini(&b);
    return c;
}

static struct process_image process_at(uint64_t exe, uint64_t lib, uint64_t stack)
{
    struct process_image p = usual;

    meta_init(&p.meta);
    p.meta.executable = p.exe_path;
    p.exe = exe;
    p.lib = lib;
    p.stack = stack;
    p.pc += exe;
    return p;
}

static struct process_image process(void)
{
    return process_at(usual.exe, usual.lib, usual.stack);
}

static bool same(const struct ledger_key *a, const struct ledger_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

#define assert_kind(same_or_not, a, b)                                                             \
    do {                                                                                           \
        struct ledger_case a_ = key_of(&(a)), b_ = key_of(&(b));                                   \
        ck_assert_int_eq(same(&a_.kind, &b_.kind), (same_or_not));                                 \
    } while (0)

/* A frame record at sp + 32, the one before it at sp + 64. */
static void call_from(struct process_image *p, uint64_t address)
{
    p->bp = p->stack + p->sp + 32;
    p->words[4] = p->stack + p->sp + 64;
    p->words[5] = address;
}

/* --- */

START_TEST(the_digest)
{
    /* The first two of the reference code's vectors (vectors_sip128). */
    static const char *const expected[] = {"a3817f04ba25a8e66df67214c7550293",
                                           "da87c1d86b99af44347659119b22fc45"};
    uint8_t key[16], digest[16];
    char text[33];

    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (size_t n = 0; n < 2; n++) {
        siphash(key, "", n, digest);
        hex_encode(digest, sizeof(digest), text);
        ck_assert_str_eq(text, expected[n]);
    }
}
END_TEST

START_TEST(what_a_case_tells)
{
    struct process_image p = process();
    struct ledger_case c;

    p.meta.comm = "comm";
    p.meta.unit = "x.service";
    p.meta.cgroup = "/system.slice/x.service";
    c = key_of(&p);
    ck_assert_str_eq(c.path, "/usr/bin/program");
    ck_assert_str_eq(c.comm, "comm");
    ck_assert_str_eq(c.unit, "x.service");
    ck_assert_str_eq(c.module, "/usr/bin/program");
    ck_assert_str_eq(c.build_id, "0101010101010101010101010101010101010101");
    ck_assert_uint_eq(c.offset, 0x1234);
    ck_assert_int_eq(c.signal, 11);
    ck_assert_int_eq(c.code, 1);
    ck_assert_int_ne(c.container.bytes[0] | c.container.bytes[1] | c.container.bytes[2], 0);
}
END_TEST

START_TEST(the_same_wherever_it_lies)
{
    struct process_image a = process(),
                         b = process_at(0x560000000000, 0x7f0000000000, 0x7ffc00000000);

    assert_kind(true, a, b);
    call_from(&a, a.exe + 0x1100);
    call_from(&b, b.exe + 0x1100);
    assert_kind(true, a, b);
    a.pc = a.lib + 0x1800;
    b.pc = b.lib + 0x1800;
    assert_kind(true, a, b);
    b.exe_path = b.meta.executable = "/opt/elsewhere/program"; /* the same build */
    assert_kind(true, a, b);
}
END_TEST

START_TEST(another_bug_is_another_kind)
{
    struct process_image a = process(), b;

    call_from(&a, a.exe + 0x1100);
    b = a, b.pc++;
    assert_kind(false, a, b);
    b = a, b.signal = 6;
    assert_kind(false, a, b);
    b = a, b.code = 2;
    assert_kind(false, a, b);
    b = a, b.exe_id = 9;
    assert_kind(false, a, b);
    b = a, b.pc = b.lib + 0x1234;
    assert_kind(false, a, b);
    b = a, call_from(&b, b.exe + 0x1108);
    assert_kind(false, a, b);
    b = a, b.bp = 0;
    assert_kind(false, a, b);
    a.pc = b.pc = a.lib + 0x1234;
    b.bp = a.bp, b.lib_id = 7;
    assert_kind(false, a, b);
}
END_TEST

/* Whatever else a register holds is not taken for a frame pointer, and changes nothing. */
START_TEST(frame_pointers_that_are_none)
{
    struct process_image none = process(), p;
    const uint64_t wrong[] = {1,
                              none.stack + none.sp - 8,
                              none.stack + none.sp + 33,
                              none.stack + 2 * PAGE - 8,
                              none.stack + 2 * PAGE,
                              none.exe + 0x1000,
                              UINT64_MAX,
                              UINT64_MAX - 7};

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        p = none;
        call_from(&p, p.exe + 0x1100);
        none = p, none.bp = 0;
        p.bp = wrong[i];
        assert_kind(true, none, p);
    }
    p = none, call_from(&p, p.stack + 8); /* no code */
    none = p, none.bp = 0;
    assert_kind(true, none, p);
    p = none, call_from(&p, p.exe + 0x10); /* of the file, but no code */
    none = p, none.bp = 0;
    assert_kind(true, none, p);
    p = none, call_from(&p, p.exe + 0x1100), p.words[4] = p.bp - 8; /* the chain leads back */
    none = p, none.bp = 0;
    assert_kind(true, none, p);
}
END_TEST

/* abort() and strlen() are called from everywhere. */
START_TEST(a_library_is_called_from_somewhere)
{
    struct process_image a = process(), b;

    a.pc = a.lib + 0x1500;
    a.words[3] = a.lib + 0x1600;
    a.words[7] = a.exe + 0x1200;
    b = a, b.words[9] = b.exe + 0x1300; /* further out */
    assert_kind(true, a, b);
    b = a, b.words[7] = b.exe + 0x1300;
    assert_kind(false, a, b);
    b = a, b.words[7] = 0;
    assert_kind(false, a, b);
}
END_TEST

START_TEST(a_call_to_nowhere)
{
    struct process_image a = process(), b;
    struct ledger_case c;

    a.pc = 0;
    a.words[0] = a.exe + 0x1100;
    c = key_of(&a);
    ck_assert_str_eq(c.module, "null");
    ck_assert_ptr_null(c.build_id);
    b = a, b.words[0] = b.exe + 0x1108;
    assert_kind(false, a, b);
    /* Code that a compiler made at run time is somewhere else each time. */
    a.pc = 0x10000123, b = a, b.pc = 0x20000456;
    assert_kind(true, a, b);
    c = key_of(&b);
    ck_assert_str_eq(c.module, "anon");
    ck_assert_uint_eq(c.offset, 0);
    a.pc = a.lib + 0x100010, b = a, b.pc++;
    c = key_of(&a);
    ck_assert_str_eq(c.module, "[vdso]");
    assert_kind(false, a, b);
}
END_TEST

START_TEST(executables_without_a_build_id)
{
    struct process_image a = process(), b;

    a.exe_id = 0;
    b = a;
    assert_kind(true, a, b);
    b.meta.executable = "/usr/bin/other";
    assert_kind(false, a, b);
    a.meta.executable = b.meta.executable = NULL;
    assert_kind(true, a, b);
}
END_TEST

START_TEST(buckets_of_executable_and_container)
{
    struct process_image a = process(), b = process();
    struct ledger_case x, y;
    static const struct ledger_key unknown;

    b.pc++;
    x = key_of(&a), y = key_of(&b);
    ck_assert(same(&x.executable, &y.executable));
    ck_assert(!same(&x.executable, &x.kind));
    ck_assert(same(&x.container, &unknown));
    b.meta.unit = "x.service";
    y = key_of(&b);
    ck_assert(!same(&x.executable, &y.executable));
    a.meta.cgroup = "/";
    x = key_of(&a);
    ck_assert(same(&x.container, &unknown));
    a.meta.cgroup = "/a/docker-1.scope", b.meta.cgroup = "/a/docker-2.scope";
    x = key_of(&a), y = key_of(&b);
    ck_assert(!same(&x.container, &y.container));
    a.meta.container_id = b.meta.container_id = "1";
    x = key_of(&a), y = key_of(&b);
    ck_assert(same(&x.container, &y.container));
}
END_TEST

START_TEST(a_core_that_tells_nothing)
{
    static struct arena a = ARENA_INIT(0);
    struct crash_meta m;
    struct corefile empty = {.layout = core_layout_find(EM_X86_64, true)};
    struct slim_source source = {read_core, &empty};
    struct ledger_case c;
    struct ledger_key none = {{0}};

    meta_init(&m);
    key_read(&empty, &source, &m, &a, &c); /* no thread, no mapping, no memory */
    ck_assert(!same(&c.kind, &none));
    ck_assert_ptr_null(c.module);
    ck_assert_int_eq(c.code, META_UNKNOWN);
}
END_TEST

START_TEST(how_long_it_takes)
{
    enum { TURNS = 2000 };
    struct process_image p = process();
    int64_t begun, sum = 0;

    p.pc = p.lib + 0x1500;
    for (int i = 0; i < TURNS; i++) {
        begun = clock_mono();
        (void)key_of(&p);
        sum += clock_mono() - begun;
    }
    printf("# a core written, opened and key_read: %.2f us\n", (double)sum / TURNS);
}
END_TEST

UNIT_MAIN("client/key", the_digest, what_a_case_tells, the_same_wherever_it_lies,
          another_bug_is_another_kind, frame_pointers_that_are_none,
          a_library_is_called_from_somewhere, a_call_to_nowhere, executables_without_a_build_id,
          buckets_of_executable_and_container, a_core_that_tells_nothing, how_long_it_takes)
