/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/cause workerd/analysis workerd/image */
/* Crashes as facts, a row each, also those that cannot be made on every machine: what is said of
 * them, and that nothing is said where the facts do not agree. */
#include "workerd/cause/cause.h"

#include <elf.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/cause/pattern.h"

#define CODE  0x555555555000u
#define DATA  0x555555557000u
#define HEAP  0x555555560000u
#define STACK 0x7ffffff00000u
#define SP    (STACK + 0x8000u)
#define SIZE  0x1000u

/* Indexes of x86-64's registers in the layout. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP };

/* --- A process --- */

struct piece {
    uint64_t start, size;
    bool readable, writable, executable;
    const char *path;
    uint8_t bytes[64]; /* from `at` on */
    uint64_t at;
    bool in_file; /* the dump lacks them */
};

struct process {
    struct piece pieces[5];
    struct image image;
    struct image_thread thread;
    uint64_t registers[64];
    struct frame frames[4];
    struct thread stack;
    struct analysis analysis;
    struct arena arena;
    bool no_files;
};

static const struct piece *piece_at(const struct process *p, uint64_t address)
{
    for (size_t i = 0; i < ARRAY_SIZE(p->pieces); i++)
        if (address - p->pieces[i].start < p->pieces[i].size)
            return &p->pieces[i];
    return NULL;
}

static size_t copy(const struct piece *p, uint64_t address, void *to, size_t n)
{
    if (!p || address < p->at || address - p->at >= sizeof p->bytes)
        return 0;
    if (n > sizeof p->bytes - (address - p->at))
        n = (size_t)(sizeof p->bytes - (address - p->at));
    memcpy(to, p->bytes + (address - p->at), n);
    return n;
}

static ssize_t read_memory(const void *source, uint64_t address, void *to, size_t n)
{
    const struct piece *p = piece_at(source, address);

    return p && !p->in_file ? (ssize_t)copy(p, address, to, n) : 0;
}

static size_t read_file(void *arg, uint64_t address, void *to, size_t n)
{
    const struct process *process = arg;
    const struct piece *p = piece_at(process, address);

    return p && p->in_file && !process->no_files ? copy(p, address, to, n) : 0;
}

static void tell_range(const struct piece *p, struct image_range *ret)
{
    *ret = (struct image_range){.start = p->start,
                                .end = p->start + p->size,
                                .readable = p->readable,
                                .writable = p->writable,
                                .executable = p->executable};
}

/* Of what was dumped the cache reads whole pages: here only where there are bytes. */
static bool find_range(const void *source, uint64_t address, struct image_range *ret)
{
    const struct piece *p = piece_at(source, address);

    if (!p)
        return false;
    tell_range(p, ret);
    return true;
}

static bool find_above(const void *source, uint64_t address, struct image_range *ret)
{
    const struct process *process = source;
    const struct piece *best = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(process->pieces); i++) {
        const struct piece *p = &process->pieces[i];

        if (p->size && p->start >= address && (!best || p->start < best->start))
            best = p;
    }
    if (!best)
        return false;
    tell_range(best, ret);
    return true;
}

static bool find_file(const void *source, uint64_t address, struct image_file *ret)
{
    const struct piece *p = piece_at(source, address);

    if (!p || !p->path)
        return false;
    *ret = (struct image_file){.path = p->path,
                               .start = p->start,
                               .end = p->start + p->size,
                               .offset = address - p->start};
    return true;
}

static const struct image_reader reader = {
    .read = read_memory, .range = find_range, .above = find_above, .file = find_file};

/* Code, constants, heap and a stack; one frame that is called f, in main. */
static void process_init(struct process *p, uint16_t machine, bool is64)
{
    *p = (struct process){
        .pieces = {{CODE, SIZE, true, false, true, "/usr/bin/app", {0}, CODE, true},
                   {DATA, SIZE, true, false, false, "/usr/bin/app", {0}, DATA, true},
                   {HEAP, SIZE, true, true, false, NULL, {0}, HEAP, false},
                   {STACK, 16 * SIZE, true, true, false, NULL, {0}, SP, false},
                   {0}},
        .frames = {{.pc = CODE, .function = "f(int)"},
                   {.pc = CODE + 32, .function = "main", .trust = TRUST_CFI}},
    };
    arena_init(&p->arena, 0);
    p->image = (struct image){.arena = &p->arena,
                              .layout = core_layout_find(machine, is64),
                              .reader = &reader,
                              .source = p,
                              .threads = &p->thread,
                              .n_threads = 1,
                              .pid = 100};
    p->thread = (struct image_thread){.tid = 100, .registers = p->registers};
    p->registers[p->image.layout->pc] = CODE;
    p->registers[p->image.layout->sp] = SP;
    p->stack = (struct thread){.tid = 100, .frames = p->frames, .n_frames = 2};
    p->analysis = (struct analysis){.threads = &p->stack, .n_threads = 1};
}

static struct cause explain(struct process *p)
{
    const struct cause_input in = {.image = &p->image,
                                   .analysis = &p->analysis,
                                   .read_file = read_file,
                                   .arg = p,
                                   .arena = &p->arena};
    struct cause c = {.rule = NULL};

    cause_find(&in, &c);
    return c;
}

/* --- Rows --- */

struct row {
    const char *rule; /* NULL: unknown */
    int signal, code;
    bool has_address;
    uint64_t address;
    uint8_t code_bytes[16];
    struct {
        uint8_t index;
        uint64_t value;
    } registers[3];
    bool has_sender;
    int64_t sender;
    const char *message;
    const char *function; /* of the innermost frame */
    const char *sentence; /* is in it */
};

#define AT(a) .has_address = true, .address = (a)

static const struct row rows[] = {
    {.rule = "null-read",
     .signal = 11,
     .code = 1,
     AT(0),
     .code_bytes = {0x48, 0x8b, 0x00},
     .sentence = "Read of 8 bytes"},
    {"null-member",
     11,
     1,
     AT(0x18),
     {0x48, 0x89, 0x40, 0x18},
     .sentence = "Write of 8 bytes at NULL + 0x18"},
    {.rule = "null-element",
     .signal = 11,
     .code = 1,
     AT(0x40),
     .code_bytes = {0x48, 0x8b, 0x04, 0xd8},
     .registers = {{RBX, 8}},
     .sentence = "(rax)"},
    /* the instruction would have touched something else: nothing is said of it */
    {"null-access",
     11,
     1,
     AT(0),
     {0x48, 0x8b, 0x00},
     {{RAX, HEAP}},
     .sentence = "Access to memory"},
    {"unmapped",
     11,
     1,
     AT(0x123456789000),
     {0x48, 0x8b, 0x00},
     {{RAX, HEAP}},
     .sentence = "Access to memory"},
    /* bytes that are no instruction, and none at all */
    {.rule = "null-access",
     .signal = 11,
     .code = 1,
     AT(0),
     .code_bytes = {0x06},
     .sentence = "Access to memory"},
    {.rule = "null-access", .signal = 11, .code = 1, AT(0), .sentence = "Access to memory"},
    /* an offset from NULL that is too large for one */
    {.rule = "unmapped",
     .signal = 11,
     .code = 1,
     AT(0x123456),
     .code_bytes = {0x8b, 0x00},
     .registers = {{RAX, 0x123456}}},
    {.rule = "unmapped",
     .signal = 11,
     .code = 1,
     AT(0x5000),
     .code_bytes = {0x8b, 0x00},
     .registers = {{RAX, 0x5000}}},
    {.rule = "null-member",
     .signal = 11,
     .code = 1,
     AT(0x5000),
     .code_bytes = {0x8b, 0x80, 0x00, 0x50},
     .sentence = "NULL + 0x5000"},
    {"error-as-pointer",
     11,
     1,
     AT(0x7),
     {0x8b, 0x40, 0x08},
     {{RAX, -UINT64_C(1)}},
     .sentence = "-1:"},
    {.rule = "poison",
     .signal = 11,
     .code = 1,
     AT(0xdeadbeef),
     .code_bytes = {0x8b, 0x00},
     .registers = {{RAX, 0xdeadbeef}}},
    {"poison",
     11,
     128,
     false,
     0,
     {0x48, 0x8b, 0x40, 0x10},
     {{RAX, 0x5a5a5a5a5a5a5a5a}},
     .sentence = "jemalloc"},
    {"text-as-pointer",
     11,
     128,
     false,
     0,
     {0x48, 0x8b, 0x40, 0x10},
     {{RAX, 0x6f6c6c6568202c41}},
     .sentence = "\"A, hello\""},
    {.rule = "non-canonical",
     .signal = 11,
     .code = 128,
     .code_bytes = {0x48, 0x8b, 0x40, 0x10},
     .registers = {{RAX, 0x1234567812345678}}},
    {.rule = "non-canonical",
     .signal = 7,
     .code = 128,
     .code_bytes = {0x48, 0x8b, 0x45, 0x10},
     .registers = {{RBP, 0x1234567812345678}}},
    /* general protection, of an instruction whose operand is in order */
    {.rule = NULL,
     .signal = 11,
     .code = 128,
     .code_bytes = {0x48, 0x8b, 0x40, 0x10},
     .registers = {{RAX, HEAP}}},
    {.rule = NULL, .signal = 11, .code = 128, .code_bytes = {0x06}},
    {.rule = NULL, .signal = 11, .code = 128},
    {"misaligned-vector",
     11,
     128,
     false,
     0,
     {0x0f, 0x28, 0x00},
     {{RAX, HEAP + 8}},
     .sentence = "multiple of 16"},
    {.rule = NULL,
     .signal = 11,
     .code = 128,
     .code_bytes = {0x0f, 0x10, 0x00},
     .registers = {{RAX, HEAP + 8}}},
    {.rule = "privileged", .signal = 11, .code = 128, .code_bytes = {0xf4}},
    {"jump-unmapped",
     11,
     128,
     false,
     0,
     {0xff, 0xd0},
     {{RAX, 0x1234567812345678}},
     .sentence = "from f()"},
    {.rule = "poison",
     .signal = 11,
     .code = 128,
     .code_bytes = {0xff, 0xd0},
     .registers = {{RAX, 0xfefefefefefefefe}}},
    {"return-corrupted",
     11,
     128,
     false,
     0,
     {0xc3},
     .sentence = "0x4141414141414141, which is text"},
    {"read-only",
     11,
     2,
     AT(DATA + 16),
     {0x89, 0x00},
     {{RAX, DATA + 16}},
     .sentence = "/usr/bin/app, which is read-only: constants"},
    {.rule = "read-only",
     .signal = 11,
     .code = 2,
     AT(CODE + 16),
     .code_bytes = {0x89, 0x00},
     .registers = {{RAX, CODE + 16}},
     .sentence = "code"},
    /* a read of what may be read was not refused for that */
    {.rule = NULL,
     .signal = 11,
     .code = 2,
     AT(DATA + 16),
     .code_bytes = {0x8b, 0x00},
     .registers = {{RAX, DATA + 16}}},
    {.rule = "past-end",
     .signal = 11,
     .code = 1,
     AT(HEAP + SIZE),
     .code_bytes = {0x88, 0x08},
     .registers = {{RAX, HEAP + SIZE}}},
    {.rule = "unmapped",
     .signal = 11,
     .code = 1,
     AT(HEAP + SIZE + 512),
     .code_bytes = {0x88, 0x08},
     .registers = {{RAX, HEAP + SIZE + 512}}},
    {.rule = "protection-key", .signal = 11, .code = 4, AT(HEAP)},
    {.rule = "memory-tag", .signal = 11, .code = 9, AT(HEAP)},
    {.rule = "shadow-stack", .signal = 11, .code = 10, AT(0)},
    {.rule = "hardware", .signal = 7, .code = 4, AT(HEAP)},
    {.rule = "hardware", .signal = 7, .code = 5, AT(HEAP)},
    {"file-end",
     7,
     2,
     AT(DATA + 32),
     {0x8b, 0x00},
     {{RAX, DATA + 32}},
     .sentence = "Read of 4 bytes"},
    {.rule = NULL, .signal = 7, .code = 2, AT(HEAP)},
    {.rule = "misaligned", .signal = 7, .code = 1, AT(HEAP + 1)},
    {.rule = "division-by-zero", .signal = 8, .code = 1, AT(CODE), .code_bytes = {0xf7, 0xf9}},
    {.rule = "division-by-zero",
     .signal = 8,
     .code = 1,
     AT(CODE),
     .code_bytes = {0xf6, 0xf4},
     .registers = {{RAX, 0x00ff}},
     .sentence = "zero"},
    {.rule = "division-overflow",
     .signal = 8,
     .code = 1,
     AT(CODE),
     .code_bytes = {0xf7, 0xf9},
     .registers = {{RCX, 0xffffffff}},
     .sentence = "-1"},
    {"division-overflow",
     8,
     1,
     AT(CODE),
     {0xf7, 0xf1},
     {{RCX, 0xffffffff}},
     .sentence = "does not fit"},
    {.rule = "division", .signal = 8, .code = 1, AT(CODE), .code_bytes = {0x90}},
    {.rule = "division", .signal = 8, .code = 1, AT(CODE)},
    {.rule = "floating-point", .signal = 8, .code = 7, AT(CODE), .sentence = "invalid operation"},
    {.rule = "trap", .signal = 4, .code = 2, AT(CODE), .code_bytes = {0x0f, 0x0b}},
    {"new-instruction",
     4,
     2,
     AT(CODE),
     {0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x07},
     .sentence = "AVX-512"},
    {.rule = "illegal-instruction", .signal = 4, .code = 2, AT(CODE), .code_bytes = {0x90}},
    {.rule = "quit-key", .signal = 3, .code = 128},
    {.rule = "cpu-limit", .signal = 24, .code = 128},
    {.rule = "sent",
     .signal = 11,
     .code = 0,
     .has_sender = true,
     .sender = 7,
     .sentence = "Process 7 sent SIGSEGV"},
    {.rule = "watchdog", .signal = 6, .code = 0, .has_sender = true, .sender = 1},
    {.rule = "sent-from-outside", .signal = 6, .code = 0, .has_sender = true, .sender = 0},
    /* what another process sent is not what the program said */
    {.rule = "sent",
     .signal = 6,
     .code = 0,
     .has_sender = true,
     .sender = 7,
     .message = "free(): invalid pointer"},
    {.rule = "invalid-free",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .message = "free(): invalid pointer"},
    {.rule = "raised",
     .signal = 11,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .sentence = "from f()"},
    {.rule = "raised", .signal = 6, .code = -6, .has_sender = true, .sender = 100},
    {.rule = "abort",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .function = "abort",
     .sentence = "by main()"},
    {.rule = "abort",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .function = "__GI_abort"},
    {.rule = "raised",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .function = "abort_later"},
    /* another message than those that are known */
    {.rule = "abort",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .function = "abort",
     .message = "good bye"},
    {.rule = "fatal-glibc",
     .signal = 6,
     .code = -6,
     .has_sender = true,
     .sender = 100,
     .message = "Fatal glibc error: tpp.c:83"},
    {.rule = "timer", .signal = 3, .code = -2},
    /* no rule is for these */
    {.rule = NULL, .signal = 15, .code = 0},
    {.rule = NULL, .signal = 5, .code = 128},
    {.rule = NULL, .signal = 99, .code = 1},
    {.rule = NULL, .signal = 0, .code = 0},
};

static void prepare(struct process *p, const struct row *r)
{
    p->image.signal = r->signal;
    p->image.code = r->code;
    p->image.has_address = r->has_address;
    p->image.address = r->address;
    p->image.has_sender = r->has_sender;
    p->image.sender = r->sender;
    memcpy(p->pieces[0].bytes, r->code_bytes, sizeof r->code_bytes);
    memset(p->pieces[3].bytes, 'A', 8); /* what a return finds */
    for (size_t i = 0; i < ARRAY_SIZE(r->registers); i++)
        if (r->registers[i].value)
            p->registers[r->registers[i].index] = r->registers[i].value;
    p->analysis.message = r->message;
    if (r->function)
        p->frames[0].function = r->function;
}

START_TEST(says_what_the_facts_say_and_no_more)
{
    const struct row *r = &rows[_i];
    struct process p;

    process_init(&p, EM_X86_64, true);
    prepare(&p, r);
    const struct cause c = explain(&p);

    ck_assert_msg((r->rule == NULL) == (c.rule == NULL), "row %d: %s, %s", _i,
                  c.rule ? c.rule : "unknown", c.rule ? c.sentence : "");
    if (r->rule) {
        ck_assert_str_eq(c.rule, r->rule);
        ck_assert_msg(!r->sentence || strstr(c.sentence, r->sentence), "%s", c.sentence);
        ck_assert_ptr_null(strchr(c.sentence, '{'));
    }
    arena_fini(&p.arena);
}
END_TEST

/* --- Other machines --- */

static const struct {
    uint16_t machine;
    bool is64;
} machines[] = {{EM_AARCH64, true}, {EM_386, false}};

START_TEST(other_machines_are_told_what_needs_no_instruction)
{
    static const struct row few[] = {
        {.rule = "null-access", .signal = 11, .code = 1, AT(0), .code_bytes = {0x48, 0x8b, 0x00}},
        {.rule = "null-member",
         .signal = 11,
         .code = 1,
         AT(0x18),
         .code_bytes = {0x48, 0x8b, 0x00}},
        {.rule = "unmapped",
         .signal = 11,
         .code = 1,
         AT(0x20000000),
         .code_bytes = {0x48, 0x8b, 0x00}},
        {.rule = "illegal-instruction",
         .signal = 4,
         .code = 2,
         AT(CODE),
         .code_bytes = {0x0f, 0x0b}},
        {.rule = "division", .signal = 8, .code = 1, AT(CODE), .code_bytes = {0xf7, 0xf9}},
        {.rule = NULL, .signal = 11, .code = 128, .code_bytes = {0xf4}},
        {.rule = NULL, .signal = 5, .code = 128, .code_bytes = {0xcc}},
        {.rule = "double-free",
         .signal = 6,
         .code = -6,
         .has_sender = true,
         .sender = 100,
         .message = "free(): double free detected in tcache 2"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(few); i++) {
        struct process p;

        process_init(&p, machines[_i].machine, machines[_i].is64);
        prepare(&p, &few[i]);
        const struct cause c = explain(&p);

        ck_assert_msg((few[i].rule == NULL) == (c.rule == NULL), "row %zu: %s", i, c.rule);
        if (few[i].rule)
            ck_assert_str_eq(c.rule, few[i].rule);
        arena_fini(&p.arena);
    }
}
END_TEST

/* --- Stacks --- */

static const struct {
    uint64_t sp, address;
    uint64_t frames_left_out;
    enum frame_trust trust;
    const char *rule;
    enum cause_certainty certainty;
} stacks[] = {
    {STACK, STACK - 8, 50000, TRUST_CFI, "stack-overflow", CAUSE_CERTAIN},
    {STACK, STACK - 8, 0, TRUST_CFI, "stack-overflow", CAUSE_LIKELY},
    {STACK - 0x300000, STACK - 0x2ffff0, 0, TRUST_CFI, "stack-frame-too-large", CAUSE_LIKELY},
    /* the stack pointer is elsewhere, the caller was not found, the address is not near it */
    {STACK + 0x8000, STACK - 8, 0, TRUST_CFI, "unmapped", CAUSE_CERTAIN},
    {STACK - 0x300000, STACK - 0x2ffff0, 0, TRUST_SCAN, "unmapped", CAUSE_CERTAIN},
    {STACK, STACK - 0x2000, 0, TRUST_CFI, "unmapped", CAUSE_CERTAIN},
};

START_TEST(a_stack_is_used_up_when_the_stack_pointer_has_come_to_its_end)
{
    const struct row fault = {
        .signal = 11, .code = 1, .has_address = true, .address = stacks[_i].address};
    struct process p;

    process_init(&p, EM_X86_64, true);
    prepare(&p, &fault);
    p.registers[RSP] = stacks[_i].sp;
    p.stack.frames_left_out = stacks[_i].frames_left_out;
    p.frames[1].trust = stacks[_i].trust;
    const struct cause c = explain(&p);

    ck_assert_str_eq(c.rule, stacks[_i].rule);
    ck_assert_int_eq(c.certainty, stacks[_i].certainty);
    arena_fini(&p.arena);
}
END_TEST

/* --- Jumps --- */

static const struct {
    uint64_t pc, top, below;
    uint8_t before_top[8]; /* code before the return address, CODE + 32 */
    bool no_files;
    const char *rule;
} jumps[] = {
    {0, CODE + 32, 0, {0, 0, 0, 0, 0, 0xff, 0xd0}, false, "null-call"}, /* call *%rax */
    {0, CODE + 32, 0, {0, 0, 0xe8, 1, 2, 3, 4}, false, "null-call"},    /* a tail call in it */
    {0, CODE + 32, 0, {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}, false, "null-call"}, /* likely */
    {0, CODE + 32, 0, {0}, true, "null-call"},
    {0, 0x4141414141414141, 0, {0}, false, "jump-unmapped"},
    {0x123456789000, CODE + 32, 0, {0, 0, 0, 0, 0, 0xff, 0xd0}, false, "jump-unmapped"},
    {0x123456789000, 0x10, 0x123456789000, {0}, false, "return-corrupted"},
    {0x123456789000,
     CODE + 32,
     0x123456789000,
     {0, 0, 0, 0, 0, 0xff, 0xd0},
     false,
     "jump-unmapped"},
    {HEAP + 16, CODE + 32, 0, {0}, false, "data-executed"},
};

START_TEST(a_jump_to_nowhere_is_a_call_or_a_return_by_what_the_stack_has)
{
    const struct row fault = {
        .signal = 11, .code = 1, .has_address = true, .address = jumps[_i].pc};
    struct process p;

    process_init(&p, EM_X86_64, true);
    prepare(&p, &fault);
    p.registers[p.image.layout->pc] = jumps[_i].pc;
    p.image.code = piece_at(&p, jumps[_i].pc) ? 2 : 1;
    p.pieces[3].start = p.pieces[3].at = SP - 8;
    memcpy(p.pieces[3].bytes, &jumps[_i].below, 8);
    memcpy(p.pieces[3].bytes + 8, &jumps[_i].top, 8);
    memcpy(p.pieces[0].bytes + 32 - 7, jumps[_i].before_top, 7);
    p.no_files = jumps[_i].no_files;
    p.frames[0].function = NULL;
    const struct cause c = explain(&p);

    ck_assert_msg(c.rule && strcmp(c.rule, jumps[_i].rule) == 0, "%s",
                  c.rule ? c.sentence : "unknown");
    if (strcmp(c.rule, "null-call") == 0)
        ck_assert_int_eq(c.certainty, _i <= 1 ? CAUSE_CERTAIN : CAUSE_LIKELY);
    arena_fini(&p.arena);
}
END_TEST

/* --- System calls --- */

START_TEST(names_the_system_call_that_a_filter_refused)
{
    static const struct {
        uint32_t machine;
        int call;
        const char *text;
    } calls[] = {{0xc000003e, 257, "openat()"},
                 {0xc00000b7, 56, "openat()"},
                 {0x40000003, 5, "number 5"},
                 {0xc000003e, 99999, "number 99999"},
                 {0xc000003e, -1, "number -1"}};

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        const struct row fault = {.signal = 31, .code = 1};
        struct process p;

        process_init(&p, EM_X86_64, true);
        prepare(&p, &fault);
        p.image.has_call = true;
        p.image.call = calls[i].call;
        p.image.call_machine = calls[i].machine;
        const struct cause c = explain(&p);

        ck_assert_str_eq(c.rule, "system-call-refused");
        ck_assert_msg(strstr(c.sentence, calls[i].text), "%s", c.sentence);
        arena_fini(&p.arena);
    }
}
END_TEST

/* --- Patterns --- */

START_TEST(text_is_what_no_pointer_looks_like)
{
    static const struct {
        uint64_t value;
        const char *text; /* NULL: it is none */
    } values[] = {{0x4847464544434241, "ABCDEFGH"}, {0x0047464544434241, "ABCDEFG"},
                  {0x706f6c6c6568, "hellop"},       {0x555566778899, NULL},
                  {0x556f6c6c6568, NULL},           {0x6f6c6c6568, NULL},
                  {0x7fff12345678, NULL},           {0, NULL},
                  {0x4847004544434241, NULL}};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        char text[PATTERN_TEXT_SIZE];

        ck_assert_int_eq(pattern_text(values[i].value, text), values[i].text != NULL);
        if (values[i].text)
            ck_assert_str_eq(text, values[i].text);
    }
    ck_assert_ptr_null(pattern_poison(0));
    ck_assert_ptr_null(pattern_poison(UINT64_MAX));
    ck_assert_ptr_null(pattern_poison(0x12deadbeef));
    ck_assert_ptr_nonnull(pattern_poison(0xdeadbeefdeadbeef));
}
END_TEST

UNIT_TABLES_MAIN("workerd/cause", {says_what_the_facts_say_and_no_more, ARRAY_SIZE(rows)},
                 {other_machines_are_told_what_needs_no_instruction, ARRAY_SIZE(machines)},
                 {a_stack_is_used_up_when_the_stack_pointer_has_come_to_its_end,
                  ARRAY_SIZE(stacks)},
                 {a_jump_to_nowhere_is_a_call_or_a_return_by_what_the_stack_has, ARRAY_SIZE(jumps)},
                 {names_the_system_call_that_a_filter_refused, 1},
                 {text_is_what_no_pointer_looks_like, 1})
