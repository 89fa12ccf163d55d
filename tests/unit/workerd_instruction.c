/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/cause workerd/analysis workerd/image */
/* The decoder beside objdump(1), over all code of some files of this machine: the same lengths, and
 * the same memory operands, read or written as their mnemonics say. */
#include "workerd/cause/instruction.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define LINE_SIZE 1024

/* --- One line of objdump -d -w -M intel --- */

struct line {
    uint8_t bytes[32];
    size_t n;
    char *text; /* the instruction, without what follows '#' */
};

static bool parse_line(char *s, struct line *ret)
{
    char *p = strstr(s, ":\t");

    if (!p || s[0] != ' ')
        return false;
    for (p += 2, ret->n = 0; ret->n < sizeof ret->bytes && isxdigit(p[0]) && isxdigit(p[1]);
         p += 3) {
        const char digits[] = {p[0], p[1], '\0'};

        ret->bytes[ret->n++] = (uint8_t)strtoul(digits, NULL, 16);
        if (p[2] != ' ')
            break;
    }
    p = strchr(p, '\t');
    if (!p)
        return false;
    ret->text = p + 1;
    ret->text[strcspn(ret->text, "#<\n")] = '\0';
    return ret->n > 0;
}

static int register_number(const char *name, size_t n, bool *narrow)
{
    static const char *const narrow_names[] = {"eax", "ecx", "edx", "ebx",
                                               "esp", "ebp", "esi", "edi"};

    for (int i = 0; i <= REGISTER_RIP; i++)
        if (strlen(instruction_register(i)) == n && strncmp(instruction_register(i), name, n) == 0)
            return i;
    *narrow = true;
    for (int i = 0; i < 8; i++)
        if (n == 3 && strncmp(narrow_names[i], name, n) == 0)
            return i;
    if (name[0] == 'r' && name[n - 1] == 'd')
        return (int)strtol(name + 1, NULL, 10);
    return strncmp(name, "eip", n) == 0 ? REGISTER_RIP : -2;
}

/* One of base, index*scale, ±number. */
static bool parse_term(const char *p, size_t n, bool negative, struct memory_operand *m)
{
    char *end;

    if (n >= 2 && p[0] == '0' && p[1] == 'x') {
        uint64_t v = strtoull(p, &end, 16);

        m->displacement = (int64_t)(negative ? -v : v);
        return end == p + n;
    }
    const char *star = memchr(p, '*', n);
    size_t length = star ? (size_t)(star - p) : n;

    if (length == 3 && (strncmp(p, "riz", 3) == 0 || strncmp(p, "eiz", 3) == 0))
        return true;
    int number = register_number(p, length, &m->narrow);

    if (number < 0)
        return false;
    if (!star) {
        m->base = (int8_t)number;
    } else {
        m->index = (int8_t)number;
        m->scale = (uint8_t)(star[1] - '0');
    }
    return true;
}

static const struct {
    const char *name;
    uint16_t size;
} widths[] = {{"QWORD PTR", 8},  {"DWORD PTR", 4},    {"XMMWORD PTR", 16}, {"YMMWORD PTR", 32},
              {"WORD PTR", 2},   {"ZMMWORD PTR", 64}, {"BYTE PTR", 1},     {"TBYTE PTR", 10},
              {"DWORD BCST", 4}, {"QWORD BCST", 8}};

static uint16_t width_before(const char *text, const char *bracket)
{
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        size_t n = strlen(widths[i].name);
        const char *p = bracket;

        while (p > text && p[-1] != ' ' && p[-1] != ',')
            p--;
        if (p - text >= (ptrdiff_t)n + 1 && strncmp(p - n - 1, widths[i].name, n) == 0 &&
            (p - n - 1 == text || p[-(ptrdiff_t)n - 2] == ' ' || p[-(ptrdiff_t)n - 2] == ','))
            return widths[i].size;
    }
    return 0;
}

/* The operand in brackets; false when there is none that can be told. */
static bool parse_operand(const char *text, struct memory_operand *ret)
{
    const char *bracket = strchr(text, '[');
    struct memory_operand m = {.base = REGISTER_NONE, .index = REGISTER_NONE};
    bool negative = false;

    if (!bracket)
        return false;
    if (bracket - text >= 3 && bracket[-1] == ':')
        m.segment = bracket[-3] == 'f'   ? SEGMENT_FS
                    : bracket[-3] == 'g' ? SEGMENT_GS
                                         : SEGMENT_NONE;
    m.size = width_before(text, bracket);
    for (const char *p = bracket + 1; *p && *p != ']';) {
        size_t n = strcspn(p, "+-]");

        if (n > 0 && !parse_term(p, n, negative, &m))
            return false;
        negative = p[n] == '-';
        p += n + (p[n] != ']');
    }
    *ret = m;
    return true;
}

/* --- What mnemonics do --- */

static bool begins_with_one_of(const char *text, const char *const *list)
{
    for (; *list; list++) {
        size_t n = strlen(*list);

        if (strncmp(text, *list, n) == 0 && (text[n] == ' ' || text[n] == '\0'))
            return true;
    }
    return false;
}

static const char *skip_prefixes(const char *text)
{
    static const char *const prefixes[] = {
        "lock", "rep", "repz", "repnz",  "bnd",      "notrack",  "data16", "cs",
        "ds",   "es",  "ss",   "addr32", "xacquire", "xrelease", "rex.W",  NULL};

    while (begins_with_one_of(text, prefixes))
        text += strcspn(text, " ") + 1;
    return text;
}

static bool is_first_operand(const char *text)
{
    const char *bracket = strchr(text, '['), *comma = strchr(text, ',');

    return bracket && (!comma || bracket < comma);
}

static void check_direction(const char *text, const struct memory_operand *m)
{
    static const char *const stores[] = {"mov",     "movaps",    "movups",  "movdqa",  "movdqu",
                                         "movq",    "movd",      "movss",   "movsd",   "vmovdqa",
                                         "vmovdqu", "vmovups",   "vmovaps", "movnti",  "sete",
                                         "setne",   "vmovdqu64", "fstp",    "fnstcw",  "vmovd",
                                         "vmovq",   "movlps",    "movhps",  "movntdq", NULL};
    static const char *const changes[] = {"add",  "sub",     "and", "or",  "xor",  "inc", "dec",
                                          "neg",  "not",     "adc", "sbb", "shl",  "shr", "sar",
                                          "xadd", "cmpxchg", "rol", "ror", "xchg", "btr", NULL};
    static const char *const reads[] = {"cmp",    "test",    "push",    "call", "jmp",   "mul",
                                        "imul",   "div",     "idiv",    "fld",  "movzx", "movsx",
                                        "movsxd", "ucomisd", "ldmxcsr", NULL};

    if (is_first_operand(text) && begins_with_one_of(text, stores))
        ck_assert_msg(m->writes && !m->reads, "writes: %s", text);
    else if (is_first_operand(text) && begins_with_one_of(text, changes))
        ck_assert_msg(m->writes && m->reads, "changes: %s", text);
    else if (!is_first_operand(text) || begins_with_one_of(text, reads))
        ck_assert_msg((m->reads && !m->writes) || begins_with_one_of(text, changes), "reads: %s",
                      text);
}

/* --- The comparison --- */

struct totals {
    unsigned instructions, unknown, operands, untold, sizes;
};

/* What names memory, and does not touch it; whose operand is more than ModRM; implied ones. */
static bool is_passed_over(const char *text)
{
    static const char *const list[] = {
        "lea",        "nop",    "prefetcht0", "prefetcht1", "prefetcht2", "prefetchnta",
        "prefetchw",  "bt",     "bts",        "btr",        "btc",        "bndmk",
        "maskmovdqu", "xlat",   "clflush",    "clflushopt", "clwb",       "prefetch",
        "cldemote",   "invlpg", "movs",       "cmps",       "stos",       "lods",
        "scas",       "movabs", "ud0",        "ud1",        "ins",        "outs",
        "nopw",       NULL};

    return begins_with_one_of(text, list);
}

static void compare_operand(const struct line *l, const char *text, const struct instruction *i,
                            struct totals *t)
{
    struct memory_operand m;

    if (is_passed_over(text) || !parse_operand(text, &m))
        return;
    t->operands++;
    if (i->n_operands == 0) {
        t->untold++;
        return;
    }
    const struct memory_operand *o = &i->operands[0];

    ck_assert_msg(o->base == m.base && o->index == m.index && o->displacement == m.displacement &&
                      o->segment == m.segment && (m.index < 0 || o->scale == m.scale),
                  "%s (%zu bytes): base %d index %d scale %u displacement %lld segment %d", l->text,
                  l->n, o->base, o->index, o->scale, (long long)o->displacement, o->segment);
    if (m.size && o->size) {
        ck_assert_msg(o->size == m.size, "%s: size %u", l->text, o->size);
        t->sizes++;
    }
    check_direction(text, o);
}

static bool is_left_out(const char *text)
{
    return strstr(text, "(bad)") || strstr(text, "rex.") || strncmp(text, "rex", 3) == 0 ||
           strncmp(text, ".byte", 5) == 0 || strncmp(text, "fs ", 3) == 0 ||
           strncmp(text, "gs ", 3) == 0;
}

/* objdump shows what stands alone, a prefix for one, as an instruction. */
static bool is_prefix(const char *text)
{
    const char *rest = skip_prefixes(text);

    return *rest == '\0';
}

static void compare_line(const struct line *l, struct totals *t)
{
    struct instruction i;
    const char *text = skip_prefixes(l->text);

    /* fwait is an instruction of its own, which objdump shows as a part of the next one. */
    if (is_left_out(l->text) || is_prefix(l->text) || l->bytes[0] == 0x9b)
        return;
    t->instructions++;
    if (!instruction_decode(l->bytes, l->n, &i)) {
        if (getenv("SHOW_UNKNOWN"))
            fprintf(stderr, "unknown: %s\n", l->text);
        t->unknown++;
        return;
    }
    ck_assert_msg(i.length == l->n, "%s: %u bytes, not %zu", l->text, i.length, l->n);
    ck_assert(l->n == 1 || !instruction_decode(l->bytes, l->n - 1, &i) || i.length < l->n);
    ck_assert(instruction_decode(l->bytes, l->n, &i));
    compare_operand(l, text, &i, t);
}

/* DECODE=FILE: that one. */
static const char *const files[] = {"/lib/x86_64-linux-gnu/libc.so.6",
                                    "/lib/x86_64-linux-gnu/libm.so.6", "/usr/bin/python3"};

START_TEST(reads_the_code_of_this_machine_as_objdump_does)
{
    const char *file = getenv("DECODE") ? getenv("DECODE") : files[_i];
    char command[256], s[LINE_SIZE];
    struct totals t = {0};

    if (_i > 0 && getenv("DECODE"))
        return;
    if (access(file, R_OK) != 0 || access("/usr/bin/objdump", X_OK) != 0)
        return;
    snprintf(command, sizeof command, "objdump -d -w -M intel -j .text %s", file);
    FILE *f = popen(command, "r");
    struct line l;

    ck_assert_ptr_nonnull(f);
    while (fgets(s, sizeof s, f))
        if (parse_line(s, &l))
            compare_line(&l, &t);
    ck_assert_int_eq(pclose(f), 0);
    fprintf(stderr, "# %s: %u instructions, %u unknown; %u with memory, of %u untold; %u sizes\n",
            file, t.instructions, t.unknown, t.operands, t.untold, t.sizes);
    ck_assert_uint_le(t.unknown * 1000, t.instructions);
    ck_assert_uint_le(t.untold * 100, t.operands);
}
END_TEST

/* --- What no compiler writes --- */

static const struct {
    uint8_t bytes[16];
    uint8_t n;
    bool known;
    enum instruction_kind kind;
    int source; /* of a division, a call */
    bool high;
    unsigned size, aligned; /* of the first operand */
    int base;
    int64_t displacement;
} rows[] = {
    {{0xf7, 0xf1}, 2, true, INSTRUCTION_DIVIDE, 1, false, 0, 0, REGISTER_NONE, 0},
    {{0x49, 0xf7, 0xfa}, 3, true, INSTRUCTION_DIVIDE_SIGNED, 10, false, 0, 0, REGISTER_NONE, 0},
    {{0xf6, 0xf4}, 2, true, INSTRUCTION_DIVIDE, 0, true, 0, 0, REGISTER_NONE, 0},
    {{0x40, 0xf6, 0xf4}, 3, true, INSTRUCTION_DIVIDE, 4, false, 0, 0, REGISTER_NONE, 0},
    {{0xf7, 0x7d, 0xfc}, 3, true, INSTRUCTION_DIVIDE_SIGNED, REGISTER_NONE, false, 4, 0, 5, -4},
    {{0xff, 0xd0}, 2, true, INSTRUCTION_CALL_INDIRECT, 0, false, 8, 0, REGISTER_RSP, -8},
    {{0x41, 0xff, 0x62, 0x10},
     4,
     true,
     INSTRUCTION_JUMP_INDIRECT,
     REGISTER_NONE,
     false,
     8,
     0,
     10,
     16},
    {{0xe8, 1, 0, 0, 0}, 5, true, INSTRUCTION_CALL, REGISTER_NONE, false, 8, 0, REGISTER_RSP, -8},
    {{0xc3}, 1, true, INSTRUCTION_RETURN, REGISTER_NONE, false, 8, 0, REGISTER_RSP, 0},
    {{0xf3, 0x48, 0xa5}, 3, true, INSTRUCTION_STRING, REGISTER_NONE, false, 8, 0, 6, 0},
    {{0xf3, 0xaa}, 2, true, INSTRUCTION_STRING, REGISTER_NONE, false, 1, 0, 7, 0},
    {{0x0f, 0x0b}, 2, true, INSTRUCTION_UNDEFINED, REGISTER_NONE, false, 0, 0, REGISTER_NONE, 0},
    {{0xcc}, 1, true, INSTRUCTION_BREAKPOINT, REGISTER_NONE, false, 0, 0, REGISTER_NONE, 0},
    {{0x0f, 0x05}, 2, true, INSTRUCTION_SYSCALL, REGISTER_NONE, false, 0, 0, REGISTER_NONE, 0},
    {{0xf4}, 1, true, INSTRUCTION_PRIVILEGED, REGISTER_NONE, false, 0, 0, REGISTER_NONE, 0},
    {{0x0f, 0x30}, 2, true, INSTRUCTION_PRIVILEGED, REGISTER_NONE, false, 0, 0, REGISTER_NONE, 0},
    {{0x0f, 0x22, 0xc0},
     3,
     true,
     INSTRUCTION_PRIVILEGED,
     REGISTER_NONE,
     false,
     0,
     0,
     REGISTER_NONE,
     0},
    /* aligned, and not */
    {{0x0f, 0x28, 0x07}, 3, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 16, 16, 7, 0},
    {{0x0f, 0x10, 0x07}, 3, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 16, 0, 7, 0},
    {{0x66, 0x0f, 0x6f, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 16, 16, 7, 0},
    {{0xf3, 0x0f, 0x6f, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 16, 0, 7, 0},
    {{0x66, 0x0f, 0xfe, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 16, 16, 7, 0},
    {{0x0f, 0xfe, 0x07}, 3, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 8, 0, 7, 0},
    {{0xf3, 0x0f, 0x58, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 4, 0, 7, 0},
    {{0xc5, 0xfd, 0x6f, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 32, 32, 7, 0},
    {{0xc5, 0xfe, 0x6f, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 32, 0, 7, 0},
    {{0xc5, 0xfd, 0xfe, 0x07}, 4, true, INSTRUCTION_OTHER, REGISTER_NONE, false, 32, 0, 7, 0},
    /* vmovdqu64 zmm, [rdi+1*64]; vmovss xmm, [rdi+1*?]: how large, is not known here */
    {{0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x47, 0x01},
     7,
     true,
     INSTRUCTION_OTHER,
     REGISTER_NONE,
     false,
     64,
     0,
     7,
     64},
    {{0x62, 0xf1, 0x7e, 0x08, 0x10, 0x47, 0x01},
     7,
     true,
     INSTRUCTION_OTHER,
     REGISTER_NONE,
     false,
     0,
     0,
     REGISTER_NONE,
     0},
    /* not for 64 bits, or cut */
    {{0x06}, 1, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0x62, 0xf1}, 2, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0x48}, 1, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0x48, 0x8b}, 2, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0x8f, 0xe8, 0x78}, 3, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0}, 0, false, INSTRUCTION_OTHER, 0, false, 0, 0, 0, 0},
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
      0x90},
     16,
     false,
     INSTRUCTION_OTHER,
     0,
     false,
     0,
     0,
     0,
     0},
};

START_TEST(tells_kinds_sizes_and_alignment)
{
    struct instruction i;

    ck_assert_int_eq(instruction_decode(rows[_i].bytes, rows[_i].n, &i), rows[_i].known);
    if (!rows[_i].known)
        return;
    ck_assert_uint_eq(i.length, rows[_i].n);
    ck_assert_int_eq(i.kind, rows[_i].kind);
    ck_assert_int_eq(i.source, rows[_i].source);
    ck_assert_int_eq(i.source_high, rows[_i].high);
    ck_assert_uint_eq(i.n_operands > 0, rows[_i].base != REGISTER_NONE);
    if (i.n_operands == 0)
        return;
    ck_assert_uint_eq(i.operands[0].size, rows[_i].size);
    ck_assert_uint_eq(i.operands[0].aligned, rows[_i].aligned);
    ck_assert_int_eq(i.operands[0].base, rows[_i].base);
    ck_assert_int_eq(i.operands[0].displacement, rows[_i].displacement);
}
END_TEST

UNIT_TABLES_MAIN("workerd/instruction", {tells_kinds_sizes_and_alignment, ARRAY_SIZE(rows)},
                 {reads_the_code_of_this_machine_as_objdump_does, ARRAY_SIZE(files)})
