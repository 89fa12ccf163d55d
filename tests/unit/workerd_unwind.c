/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/unwind workerd/analysis workerd/image workerd/index */
/* Stacks of x86_64 that are laid out by hand, one for each kind of rule and of fallback. */
#include "workerd/unwind/unwind.h"

#include <dwarf.h>
#include <stdio.h>

#include "tests/lib/unit.h"
#include "tests/unit/unwind_process.h"
#include "workerd/unwind/walk.h"

#define RBX 3
#define RBP 6
#define RSP 7
#define RIP 16

#define PROGRAM    0x400000u
#define STACK      0x7fff0000u
#define STACK_SIZE 0x8000u

/* Functions of the program, by their offset in it. */
#define LEAF    0x1000u /* pushes nothing: the CFA is rsp + 8 */
#define MIDDLE  0x2000u /* has 24 bytes and its return address: rsp + 32 */
#define FRAMED  0x3000u /* push rbp; mov rsp, rbp */
#define START   0x4000u /* where a stack begins */
#define NO_RULE 0x5000u

static const struct cfi_register return_at_cfa = {.number = RIP, .kind = CFI_OFFSET, .value = -8};

static struct cfi_rule plain_rule(uint16_t cfa_register, int64_t cfa_offset)
{
    return (struct cfi_rule){.return_column = RIP,
                             .cfa_register = cfa_register,
                             .cfa_offset = cfa_offset,
                             .n = 1,
                             .registers = {return_at_cfa}};
}

static struct cfi_rule framed_rule(void)
{
    struct cfi_rule r = plain_rule(RBP, 16);

    r.registers[1] = r.registers[0];
    r.registers[0] = (struct cfi_register){.number = RBP, .kind = CFI_OFFSET, .value = -16};
    r.n = 2;
    return r;
}

static void add_rule(struct index_writer *w, uint64_t start, const struct cfi_rule *rule)
{
    char name[32];

    snprintf(name, sizeof name, "function_%lx", (unsigned long)start);
    process_rule(w, start, start + 0x100, rule);
    process_symbol(w, start, start + 0x100, name);
}

static struct index_writer *program_writer(struct process *p)
{
    struct index_writer *w = process_writer(p);
    struct cfi_rule leaf = plain_rule(RSP, 8), middle = plain_rule(RSP, 32);
    struct cfi_rule framed = framed_rule(), start = plain_rule(RSP, 8);

    start.registers[0].kind = CFI_UNDEFINED;
    add_rule(w, LEAF, &leaf);
    add_rule(w, MIDDLE, &middle);
    add_rule(w, FRAMED, &framed);
    add_rule(w, START, &start);
    process_symbol(w, NO_RULE, NO_RULE + 0x100, "without_rule");
    return w;
}

static void begin(struct process *p)
{
    process_init(p, EM_X86_64, true);
    process_file(p, "/bin/program", PROGRAM, 0x10000);
    process_piece(p, STACK, STACK_SIZE, false);
}

/* A process whose program has its rules and stands at `offset`, stack pointer at the stack's
 * start. */
static void begin_at(struct process *p, uint64_t offset)
{
    begin(p);
    process_index(p, 0, program_writer(p));
    process_register(p, "rip", PROGRAM + offset);
    process_register(p, "rsp", STACK);
}

static struct raw_stack stack; /* of the test at hand */

/* Frames as "offset trust" words: c context, r rules, f frame pointer, s scan; '!' a signal's
 * trampoline, '=' exact. */
static const char *walk(struct process *p)
{
    static const char letters[] = "crfs";
    struct buf b = BUF_INIT(4096);

    unwind_thread(&p->unwinder, 0, &stack);
    for (size_t i = 0; i < stack.n && i < 32; i++) {
        const struct raw_frame *f = &stack.frames[i];

        buf_printf(&b, "%s%lx%c%s%s", i ? " " : "", (unsigned long)(f->pc - PROGRAM),
                   letters[f->trust], f->exact ? "=" : "", f->signal ? "!" : "");
    }
    const char *text = arena_strdup(&p->arena, buf_text(&b));

    buf_fini(&b);
    return text;
}

/* --- Rules --- */

START_TEST(rules_to_the_real_end)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, LEAF);
    process_word(&p, STACK, PROGRAM + MIDDLE + 5);
    process_word(&p, STACK + 8 + 24, PROGRAM + FRAMED + 0x100); /* after a call at its end */
    process_register(&p, "rbp", STACK + 0x80);
    process_word(&p, STACK + 0x80, 0x1234);
    process_word(&p, STACK + 0x88, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "1000c= 2005r 3100r 4001r");
    ck_assert_ptr_null(stack.stopped);
    ck_assert_uint_eq(stack.visited, 4);
}
END_TEST

START_TEST(registers_of_each_frame)
{
    _cleanup_process_ struct process p = {0};
    struct unwound_frame frames[8];
    uint64_t rsp, rbp;

    begin_at(&p, LEAF);
    process_word(&p, STACK, PROGRAM + FRAMED + 5);
    process_register(&p, "rbp", STACK + 0x80);
    process_word(&p, STACK + 0x80, 0x1234);
    process_word(&p, STACK + 0x88, PROGRAM + START + 1);
    ck_assert_uint_eq(unwind_frames(&p.unwinder, 0, frames, 8), 3);
    ck_assert(frames[0].frame.exact && frames[0].has_cfa);
    ck_assert_uint_eq(frames[0].cfa, STACK + 8);
    ck_assert_uint_eq(frames[1].frame.pc, PROGRAM + FRAMED + 5);
    ck_assert_uint_eq(frames[1].cfa, STACK + 0x90);
    ck_assert_uint_eq(frames[1].bias, frames[0].bias);
    ck_assert(registers_get(&frames[1].registers, RSP, &rsp) && rsp == STACK + 8);
    ck_assert(registers_get(&frames[2].registers, RBP, &rbp) && rbp == 0x1234);
    ck_assert_uint_eq(unwind_frames(&p.unwinder, 0, frames, 2), 2);
    ck_assert_uint_eq(unwind_frames(&p.unwinder, 7, frames, 8), 0);
}
END_TEST

START_TEST(a_return_to_nothing_is_an_end)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, LEAF);
    ck_assert_str_eq(walk(&p), "1000c=");
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* A rule for the function at 0x6000, which is called by MIDDLE. */
static const char *walk_rule(struct process *p, const struct cfi_rule *rule)
{
    begin(p);
    struct index_writer *w = program_writer(p);

    add_rule(w, 0x6000, rule);
    process_index(p, 0, w);
    process_register(p, "rip", PROGRAM + 0x6004);
    process_register(p, "rsp", STACK);
    process_register(p, "rbx", STACK + 0x40);
    process_register(p, "r12", PROGRAM + MIDDLE + 7);
    process_word(p, STACK + 0x40, PROGRAM + MIDDLE + 5);
    return walk(p);
}

START_TEST(every_kind_of_rule)
{
    static const uint8_t rbx[] = {DW_OP_breg3, 0}, cfa_less_8[] = {DW_OP_lit8, DW_OP_minus};
    static const uint8_t word_at_rbx[] = {DW_OP_breg3, 0, DW_OP_deref};
    static const uint8_t rbx_and_8[] = {DW_OP_breg3, 8};
    const struct {
        struct cfi_register rule;
        const char *stack;
    } rows[] = {
        {{.number = RIP, .kind = CFI_REGISTER, .value = 12}, "6004c= 2007r"},
        {{.number = RIP, .kind = CFI_EXPRESSION, .expression = {rbx, sizeof rbx}}, "6004c= 2005r"},
        {{.number = RIP, .kind = CFI_EXPRESSION, .expression = {cfa_less_8, sizeof cfa_less_8}},
         "6004c= 2005r"},
        {{.number = RIP,
          .kind = CFI_VAL_EXPRESSION,
          .expression = {word_at_rbx, sizeof word_at_rbx}},
         "6004c= 2005r"},
        {{.number = RIP,
          .kind = CFI_VAL_OFFSET,
          .value = (int64_t)PROGRAM + NO_RULE + 1 - STACK - 0x48},
         "6004c= 5001r"},
        {{.number = RIP, .kind = CFI_SAME}, "6004c="},
        {{.number = RIP, .kind = CFI_REGISTER, .value = 39}, "6004c="},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_process_ struct process p = {0};
        struct cfi_rule rule = {
            .return_column = RIP,
            .cfa_is_expression = true,
            .cfa_expression = {rbx_and_8, sizeof rbx_and_8},
            .n = 1,
            .registers = {rows[i].rule},
        };
        const char *text = walk_rule(&p, &rule);

        ck_assert_msg(strcmp(text, rows[i].stack) == 0, "row %zu: %s", i, text);
    }
}
END_TEST

START_TEST(registers_that_are_lost_are_lost)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RBX, 8);

    /* FRAMED needs rbp, which this one has undone. */
    rule.registers[1] = rule.registers[0];
    rule.registers[0] = (struct cfi_register){.number = RBP, .kind = CFI_UNDEFINED};
    rule.n = 2;
    begin(&p);
    struct index_writer *w = program_writer(&p);

    add_rule(w, 0x6000, &rule);
    process_index(&p, 0, w);
    process_register(&p, "rip", PROGRAM + 0x6000);
    process_register(&p, "rsp", STACK);
    process_register(&p, "rbx", STACK + 0x40);
    process_register(&p, "rbp", STACK + 0x80);
    process_word(&p, STACK + 0x40, PROGRAM + FRAMED + 5);
    ck_assert_str_eq(walk(&p), "6000c= 3005r");
    ck_assert_str_eq(stack.stopped, "/bin/program has no usable unwind information for 0x403005");
}
END_TEST

/* --- Signals --- */

START_TEST(a_signal_frame_is_followed_by_where_it_stood)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RSP, 8);

    rule.signal = true;
    begin(&p);
    struct index_writer *w = program_writer(&p);

    add_rule(w, 0x6000, &rule);
    process_index(&p, 0, w);
    process_register(&p, "rip", PROGRAM + LEAF);
    process_register(&p, "rsp", STACK);
    process_word(&p, STACK, PROGRAM + 0x6001);
    process_word(&p, STACK + 8, PROGRAM + MIDDLE);
    ck_assert_str_eq(walk(&p), "1000c= 6001r! 2000r=");
}
END_TEST

/* What a signal has interrupted there is a call of no function, not the end. */
START_TEST(a_signal_may_have_come_of_a_call_to_nowhere)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RSP, 8);

    rule.signal = true;
    begin(&p);
    struct index_writer *w = program_writer(&p);

    add_rule(w, 0x6000, &rule);
    process_index(&p, 0, w);
    process_register(&p, "rip", PROGRAM + 0x6001);
    process_register(&p, "rsp", STACK);
    process_word(&p, STACK, 0);
    process_word(&p, STACK + 8, PROGRAM + MIDDLE + 5);
    process_word(&p, STACK + 16 + 24, PROGRAM + START + 1);
    unwind_thread(&p.unwinder, 0, &stack);
    ck_assert_uint_eq(stack.n, 4);
    ck_assert_uint_eq(stack.frames[1].pc, 0);
    ck_assert(stack.frames[1].exact);
    ck_assert_uint_eq(stack.frames[2].pc, PROGRAM + MIDDLE + 5);
}
END_TEST

/* struct ucontext at sp, as the kernel leaves it. */
static void put_context(struct process *p, uint64_t sp, uint64_t rip, uint64_t rsp)
{
    process_word(p, sp + 168, rip);
    process_word(p, sp + 160, rsp);
    process_word(p, sp + 120, STACK + 0x700);
}

START_TEST(a_trampoline_without_rules)
{
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

    for (int by_symbol = 0; by_symbol < 2; by_symbol++) {
        _cleanup_process_ struct process p = {0};

        begin(&p);
        struct index_writer *w = program_writer(&p);

        if (by_symbol)
            process_symbol(w, 0x6000, 0x6010, "__restore_rt");
        else
            memcpy(p.pieces[0].bytes + 0x6000, code, sizeof code);
        process_index(&p, 0, w);
        process_register(&p, "rip", PROGRAM + LEAF);
        process_register(&p, "rsp", STACK);
        process_word(&p, STACK, PROGRAM + 0x6000);
        put_context(&p, STACK + 8, PROGRAM + FRAMED + 8, STACK + 0x600);
        process_word(&p, STACK + 0x708, PROGRAM + START + 1);
        ck_assert_str_eq(walk(&p), "1000c= 6000r! 3008c= 4001r");
        ck_assert_ptr_null(stack.stopped);
    }
}
END_TEST

START_TEST(a_handler_on_a_stack_above)
{
    static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
    _cleanup_process_ struct process p = {0};

    begin_at(&p, LEAF);
    process_piece(&p, STACK + 0x100000, 0x1000, false);
    memcpy(p.pieces[0].bytes + 0x6000, code, sizeof code);
    process_register(&p, "rsp", STACK + 0x100000);
    process_word(&p, STACK + 0x100000, PROGRAM + 0x6000);
    put_context(&p, STACK + 0x100008, PROGRAM + LEAF, STACK + 0x600);
    process_word(&p, STACK + 0x600, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "1000c= 6000r! 1000c= 4001r");
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* --- Without rules --- */

START_TEST(a_call_to_nowhere)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, 0);
    process_register(&p, "rip", 0);
    process_word(&p, STACK, PROGRAM + MIDDLE + 5);
    process_word(&p, STACK + 8 + 24, PROGRAM + START + 1);
    unwind_thread(&p.unwinder, 0, &stack);
    ck_assert_uint_eq(stack.n, 3);
    ck_assert_uint_eq(stack.frames[0].pc, 0);
    ck_assert_uint_eq(stack.frames[1].pc, PROGRAM + MIDDLE + 5);
    ck_assert_int_eq(stack.frames[1].trust, TRUST_FRAME_POINTER);
    ck_assert(!stack.frames[1].exact);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(frame_pointers_cross_generated_code)
{
    _cleanup_process_ struct process p = {0};
    const uint64_t jit = 0x10000000;

    begin_at(&p, MIDDLE);
    process_piece(&p, jit, 0x1000, true);
    process_register(&p, "rbp", STACK + 0x100);
    process_word(&p, STACK + 24, jit + 5);
    process_word(&p, STACK + 0x100, STACK + 0x200);
    process_word(&p, STACK + 0x108, jit + 9);
    process_word(&p, STACK + 0x200, STACK + 0x300);
    process_word(&p, STACK + 0x208, PROGRAM + FRAMED + 1);
    process_word(&p, STACK + 0x308, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "2000c= fc00005r fc00009f 3001f 4001r");
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* A chain that leads down, out of the stack, to what is no code, or to an odd address. */
START_TEST(frame_pointers_that_are_none)
{
    static const struct {
        uint64_t rbp, caller;
    } rows[] = {
        {STACK - 8, 0},         {STACK + STACK_SIZE, 0}, {STACK + 0x103, PROGRAM + NO_RULE + 5},
        {STACK + 0x100, STACK}, {STACK + 0x100, 0},      {STACK + STACK_SIZE - 8, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_process_ struct process p = {0};

        begin_at(&p, NO_RULE);
        process_register(&p, "rbp", rows[i].rbp);
        if (rows[i].caller)
            process_word(&p, STACK + 0x108, rows[i].caller);
        ck_assert_str_eq(walk(&p), "5000c=");
        ck_assert_ptr_nonnull(stack.stopped);
    }
}
END_TEST

START_TEST(a_scan_finds_what_leads_on)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, NO_RULE);
    process_register(&p, "rbp", 1);
    process_word(&p, STACK + 8, PROGRAM + MIDDLE);    /* a function's address: no call */
    process_word(&p, STACK + 16, PROGRAM + LEAF + 3); /* leads to what is no code */
    process_word(&p, STACK + 24, STACK + 64);         /* data */
    process_word(&p, STACK + 32, PROGRAM + 0x7000);   /* in no function */
    process_word(&p, STACK + 40, PROGRAM + MIDDLE + 5);
    process_word(&p, STACK + 48 + 24, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "5000c= 2005s 4001r");
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_scan_recovers_the_frame_pointer)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, NO_RULE);
    process_register(&p, "rbp", 1);
    process_word(&p, STACK + 8, PROGRAM + FRAMED + 5);
    process_word(&p, STACK + 0x80, STACK + 0x100); /* its frame … */
    process_word(&p, STACK + 0x88, PROGRAM + FRAMED + 9);
    process_word(&p, STACK + 0x100, 0); /* … and its caller's */
    process_word(&p, STACK + 0x108, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "5000c= 3005s 3009s 4001r");
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_scan_gives_up)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, NO_RULE);
    process_register(&p, "rbp", 1);
    process_word(&p, STACK + 8 * 1024, PROGRAM + START + 1);
    ck_assert_str_eq(walk(&p), "5000c=");
    ck_assert_str_eq(stack.stopped, "/bin/program has no usable unwind information for 0x405000");
}
END_TEST

/* A return address that something has overwritten: what lies beyond is not its caller. */
START_TEST(no_scan_from_what_is_no_code)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, LEAF);
    process_word(&p, STACK, 0x4141414141414141);
    process_word(&p, STACK + 16, PROGRAM + START + 1);
    unwind_thread(&p.unwinder, 0, &stack);
    ck_assert_uint_eq(stack.n, 2);
    ck_assert_str_eq(stack.stopped, "0x4141414141414141 is in no mapped file");
}
END_TEST

START_TEST(a_missing_file)
{
    _cleanup_process_ struct process p = {0};

    begin(&p);
    process_register(&p, "rip", PROGRAM + LEAF);
    process_register(&p, "rsp", STACK);
    ck_assert_str_eq(walk(&p), "1000c=");
    ck_assert_str_eq(stack.stopped, "the file /bin/program is not at hand");
    p.modules[0].build_id = "00ff";
    walk(&p);
    ck_assert_str_eq(stack.stopped, "the file /bin/program (build-id 00ff) is not at hand");
    p.indexes[0].problem = "it is of no known kind";
    walk(&p);
    ck_assert_str_eq(stack.stopped, "/bin/program can't be used: it is of no known kind");
}
END_TEST

START_TEST(no_file_at_all)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, 0);
    process_register(&p, "rip", 0x1234);
    unwind_thread(&p.unwinder, 0, &stack);
    ck_assert_uint_eq(stack.n, 1);
    ck_assert_str_eq(stack.stopped, "0x1234 is in no mapped file");
    unwind_thread(&p.unwinder, 1, &stack);
    ck_assert_uint_eq(stack.n, 0);
    ck_assert_str_eq(stack.stopped, "its registers can't be used");
}
END_TEST

/* --- Damage --- */

START_TEST(memory_that_is_missing)
{
    _cleanup_process_ struct process p = {0};

    begin_at(&p, MIDDLE);
    process_register(&p, "rsp", STACK + STACK_SIZE - 24);
    ck_assert_str_eq(walk(&p), "2000c=");
    ck_assert_str_eq(stack.stopped, "the core lacks the stack's memory at 0x7fff8000");
}
END_TEST

START_TEST(a_circle)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RSP, 0);

    rule.registers[0] = (struct cfi_register){.number = RIP, .kind = CFI_REGISTER, .value = 12};
    walk_rule(&p, &rule);
    process_register(&p, "r12", PROGRAM + 0x6004);
    process_register(&p, "rip", PROGRAM + 0x6004);
    ck_assert_str_eq(walk(&p), "6004c=");
    ck_assert_str_eq(stack.stopped, "the unwind information leads in a circle");
}
END_TEST

START_TEST(a_stack_that_falls)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RSP, -8);

    rule.registers[0] = (struct cfi_register){.number = RIP, .kind = CFI_REGISTER, .value = 12};
    walk_rule(&p, &rule);
    process_register(&p, "r12", PROGRAM + 0x6005);
    process_register(&p, "rsp", STACK + 0x1000);
    ck_assert_str_eq(walk(&p), "6004c=");
    ck_assert_str_eq(stack.stopped, "the unwind information leads back into frames that were left");
}
END_TEST

/* Between two stacks, for ever. */
START_TEST(stacks_that_change_places)
{
    _cleanup_process_ struct process p = {0};
    struct cfi_rule rule = plain_rule(RBX, 0);

    rule.n = 3;
    rule.registers[0] = (struct cfi_register){.number = RBX, .kind = CFI_REGISTER, .value = RSP};
    rule.registers[1] = (struct cfi_register){.number = 12, .kind = CFI_SAME};
    rule.registers[2] = (struct cfi_register){.number = RIP, .kind = CFI_REGISTER, .value = 12};
    walk_rule(&p, &rule);
    process_piece(&p, STACK + 0x100000, 0x1000, false);
    process_register(&p, "rbx", STACK + 0x100000);
    process_register(&p, "r12", PROGRAM + 0x6005);
    walk(&p);
    ck_assert_uint_lt(stack.visited, 256);
    ck_assert_str_eq(stack.stopped, "the unwind information leads back into frames that were left");
}
END_TEST

START_TEST(a_deep_recursion)
{
    enum { DEPTH = 100000 };
    _cleanup_process_ struct process p = {0};
    uint64_t sp = 0x100000000;

    begin_at(&p, MIDDLE);
    process_piece(&p, sp, 32 * (DEPTH + 1), false);
    process_register(&p, "rsp", sp);
    for (int i = 1; i < DEPTH; i++, sp += 32)
        process_word(&p, sp + 24, PROGRAM + MIDDLE + 0x10 + (i % 2 ? 0 : 3));
    process_word(&p, sp + 24, PROGRAM + START + 1);
    walk(&p);
    ck_assert_uint_eq(stack.visited, DEPTH + 1);
    ck_assert_uint_eq(stack.n, STACK_FRAMES_MAX);
    ck_assert_uint_eq(stack.left_out, DEPTH + 1 - STACK_FRAMES_MAX);
    ck_assert_uint_eq(stack.frames[STACK_FRAMES_MAX - 1].pc, PROGRAM + START + 1);
    for (size_t i = STACK_HEAD_MAX; i + 2 < STACK_FRAMES_MAX; i++)
        ck_assert_uint_ne(stack.frames[i].pc, stack.frames[i + 1].pc);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

START_TEST(a_stack_of_64_mib_in_the_smallest_frames)
{
    enum { FRAME = 16, SIZE = 64 << 20, DEPTH = SIZE / FRAME };
    _cleanup_process_ struct process p = {0};
    const uint64_t sp = 0x100000000;
    struct cfi_rule rule = plain_rule(RSP, FRAME);

    begin(&p);
    struct index_writer *w = program_writer(&p);

    add_rule(w, 0x6000, &rule);
    process_index(&p, 0, w);
    uint64_t *words = (uint64_t *)process_piece(&p, sp, SIZE, false)->bytes;

    for (size_t i = 0; i < DEPTH; i++)
        words[2 * i + 1] = PROGRAM + (i + 1 < DEPTH ? 0x6005 : START + 1);
    process_register(&p, "rip", PROGRAM + 0x6004);
    process_register(&p, "rsp", sp);
    walk(&p);
    ck_assert_uint_eq(stack.visited, DEPTH + 1);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

/* Frames that never end: each a byte higher than the one before. Then what makes them costly. */
static void begin_endless(struct process *p, const struct cfi_register *more, size_t n)
{
    struct cfi_rule rule = plain_rule(RSP, 1);

    begin(p);
    struct index_writer *w = program_writer(p);

    rule.n = n + 1;
    for (size_t i = 0; i < n; i++) {
        rule.registers[i] = *more;
        rule.registers[i].number = (uint16_t)(i < 7 ? i : i + 1); /* not rsp */
    }
    rule.registers[n] = (struct cfi_register){.number = RIP, .kind = CFI_REGISTER, .value = 12};
    add_rule(w, 0x6000, &rule);
    process_index(p, 0, w);
    process_register(p, "rip", PROGRAM + 0x6004);
    process_register(p, "rsp", STACK);
    process_register(p, "r12", PROGRAM + 0x6005);
}

/* Two words that point to each other, in pages that drive each other out of the image's cache. */
#define PING 0x10000000u
#define PONG (PING + IMAGE_PAGES * IMAGE_PAGE)

static const uint8_t busy[] = {DW_OP_breg7, 0, DW_OP_skip, 0xfd, 0xff};
static const uint8_t far_apart[] = {
    DW_OP_const4u, 0,           0,           0,           0x10,        DW_OP_deref,
    DW_OP_deref,   DW_OP_deref, DW_OP_deref, DW_OP_deref, DW_OP_deref,
};

static const struct {
    struct cfi_register more; /* rules for some more registers */
    size_t n;
} endless[] = {
    {.n = 0},
    {{.kind = CFI_VAL_EXPRESSION, .expression = {busy, sizeof busy}}, 10},
    {{.kind = CFI_EXPRESSION, .expression = {far_apart, sizeof far_apart}}, 10},
};

/* The first thread that never ends gets half of it all, and later ones of what is left. */
START_TEST(what_never_ends_has_a_price)
{
    const uint64_t frame_max = 10000000; /* the costliest frame is walked to its end */
    _cleanup_process_ struct process p = {0};

    begin_endless(&p, &endless[_i].more, endless[_i].n);
    process_piece(&p, PING, IMAGE_PAGE, false);
    process_piece(&p, PONG, IMAGE_PAGE, false);
    process_word(&p, PING, PONG);
    process_word(&p, PONG, PING);
    walk(&p);
    ck_assert_str_eq(stack.stopped, "to follow it further costs more than is spent on one core");
    ck_assert_uint_ge(effort_spent(&p.unwinder), EFFORT_STACKS_MAX / 2);
    ck_assert_uint_le(effort_spent(&p.unwinder), EFFORT_STACKS_MAX / 2 + frame_max);
    uint64_t first = stack.visited;

    walk(&p);
    ck_assert_uint_gt(stack.visited, first / 3);
    ck_assert_uint_lt(stack.visited, first);
    for (int i = 0; i < 100; i++) {
        walk(&p);
        ck_assert_uint_ge(stack.n, 1);
        ck_assert_str_eq(stack.stopped,
                         "to follow it further costs more than is spent on one core");
    }
    ck_assert_uint_le(effort_spent(&p.unwinder), EFFORT_STACKS_MAX + frame_max);
}
END_TEST

/* Whatever the other threads have cost. */
START_TEST(the_innermost_frames_can_be_had_again)
{
    _cleanup_process_ struct process p = {0};
    struct unwound_frame frames[32];

    begin_endless(&p, &endless[1].more, endless[1].n);
    for (int i = 0; i < 100; i++)
        walk(&p);
    ck_assert_uint_le(stack.n, 2);
    ck_assert_uint_eq(unwind_frames(&p.unwinder, 0, frames, ARRAY_SIZE(frames)), 32);
}
END_TEST

/* Rules stay right when more addresses are asked for than are kept. */
START_TEST(more_addresses_than_are_kept)
{
    _cleanup_process_ struct process p = {0};
    uint64_t sp = STACK;

    begin_at(&p, MIDDLE);
    for (unsigned i = 0; i < 250; i++, sp += 32)
        process_word(&p, sp + 24, PROGRAM + MIDDLE + 1 + i % 200);
    process_word(&p, sp + 24, PROGRAM + START + 1);
    walk(&p);
    ck_assert_uint_eq(stack.visited, 252);
    for (size_t i = 0; i < 250; i++)
        ck_assert_uint_eq(stack.frames[i + 1].pc, PROGRAM + MIDDLE + 1 + i % 200);
    ck_assert_ptr_null(stack.stopped);
}
END_TEST

UNIT_TABLES_MAIN("workerd/unwind", {rules_to_the_real_end, 1}, {registers_of_each_frame, 1},
                 {a_return_to_nothing_is_an_end, 1}, {every_kind_of_rule, 1},
                 {registers_that_are_lost_are_lost, 1},
                 {a_signal_frame_is_followed_by_where_it_stood, 1}, {a_trampoline_without_rules, 1},
                 {a_signal_may_have_come_of_a_call_to_nowhere, 1}, {a_handler_on_a_stack_above, 1},
                 {a_call_to_nowhere, 1}, {frame_pointers_cross_generated_code, 1},
                 {frame_pointers_that_are_none, 1}, {a_scan_finds_what_leads_on, 1},
                 {a_scan_recovers_the_frame_pointer, 1}, {a_scan_gives_up, 1},
                 {no_scan_from_what_is_no_code, 1}, {a_missing_file, 1}, {no_file_at_all, 1},
                 {memory_that_is_missing, 1}, {a_circle, 1}, {a_stack_that_falls, 1},
                 {stacks_that_change_places, 1}, {a_deep_recursion, 1},
                 {more_addresses_than_are_kept, 1}, {a_stack_of_64_mib_in_the_smallest_frames, 1},
                 {the_innermost_frames_can_be_had_again, 1},
                 {what_never_ends_has_a_price, ARRAY_SIZE(endless)})
