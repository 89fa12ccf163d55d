/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Every rule that is read out of real programs against libdw's: at the first and the last address
 * of each row. */
#include "workerd/indexer/cfi.h"

#include <fcntl.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"

#define FILE_MAX   (64u << 20)
#define ROWS_TRIED 6000u /* of one file, evenly: libdw runs a function's program for each */
#define REGISTERS  17u   /* of x86-64 that take part in unwinding */

static const char *const files[] = {
    "/proc/self/exe",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "/usr/bin/python3",
};

/* One file, read by both. */
struct pair {
    struct buf bytes, index_bytes;
    struct index index;
    int fd;
    Elf *elf;
    Dwarf_CFI *cfi;
};

static void build_index(struct pair *p)
{
    struct memory_budget budget = {.left = 1u << 30};
    struct index_writer *w = index_writer_new();
    struct container c;
    struct cfi_section s;
    const struct index_segment all = {.vaddr = 0, .memsz = UINT32_MAX};

    ck_assert_int_eq(container_open(p->bytes.data, p->bytes.len, &budget, &c), 0);
    index_writer_identity(w, c.view.machine, c.view.is64, "");
    index_writer_segment(w, &all);
    ck_assert(cfi_find_eh_frame(&c, &s));
    ck_assert_int_eq(cfi_index(&s, w), 0);
    ck_assert_int_eq(index_writer_finish(w, &p->index_bytes), 0);
    ck_assert_int_eq(index_open(p->index_bytes.data, p->index_bytes.len, &p->index), 0);
    index_writer_free(w);
    container_close(&c);
}

/* False when this machine lacks the file. */
static bool open_pair(const char *path, struct pair *p)
{
    p->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (p->fd < 0)
        return false;
    buf_init(&p->bytes, FILE_MAX);
    buf_init(&p->index_bytes, INDEX_SIZE_MAX);
    ck_assert_int_eq(io_read_file(AT_FDCWD, path, &p->bytes), 0);
    build_index(p);
    elf_version(EV_CURRENT);
    p->elf = elf_begin(p->fd, ELF_C_READ, NULL);
    p->cfi = dwarf_getcfi_elf(p->elf);
    ck_assert_ptr_nonnull(p->cfi);
    return true;
}

static void close_pair(struct pair *p)
{
    dwarf_cfi_end(p->cfi);
    elf_end(p->elf);
    close(p->fd);
    buf_fini(&p->bytes);
    buf_fini(&p->index_bytes);
}

/* --- One rule --- */

/* libdw decodes what we keep as bytes, and begins those that find the CFA on their stack with an
 * operation that pushes it. */
static bool same_expression(const struct cfi_expression *e, const Dwarf_Op *ops, size_t n)
{
    for (size_t i = n > 0 && ops[0].atom == DW_OP_call_frame_cfa; i < n; i++)
        if (ops[i].offset >= e->size || e->bytes[ops[i].offset] != ops[i].atom)
            return false;
    return n > 0;
}

/* Register and offset; libdw writes DW_OP_bregN or DW_OP_bregx. */
static bool same_cfa(const struct cfi_rule *r, Dwarf_Frame *frame)
{
    Dwarf_Op *ops;
    size_t n;

    ck_assert_int_eq(dwarf_frame_cfa(frame, &ops, &n), 0);
    if (r->cfa_is_expression)
        return same_expression(&r->cfa_expression, ops, n);
    if (n != 1)
        return false;
    if (ops[0].atom == DW_OP_bregx)
        return ops[0].number == r->cfa_register && (int64_t)ops[0].number2 == r->cfa_offset;
    return ops[0].atom == DW_OP_breg0 + r->cfa_register && (int64_t)ops[0].number == r->cfa_offset;
}

static const struct cfi_register *find(const struct cfi_rule *r, unsigned number)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->registers[i].number == number)
            return &r->registers[i];
    return NULL;
}

/* DW_OP_call_frame_cfa, and an offset unless it is 0; as a value or as a place. */
static bool is_cfa_based(const Dwarf_Op *ops, size_t n, int64_t offset, bool value)
{
    size_t i = 0;

    if (n < 1 || ops[i++].atom != DW_OP_call_frame_cfa)
        return false;
    if (offset != 0 &&
        (i == n || ops[i].atom != DW_OP_plus_uconst || (int64_t)ops[i++].number != offset))
        return false;
    if (value && (i == n || ops[i++].atom != DW_OP_stack_value))
        return false;
    return i == n;
}

/* No rule: libdw knows the ABI, by which callees keep these, and the stack pointer is the CFA. What
 * else has no rule is undefined to it; we leave it as it is. (rbx belongs to these, but libdw 0.188
 * has the number of rax there.) */
static bool same_default(unsigned number, const Dwarf_Op *ops, size_t n)
{
    static const unsigned kept[] = {6, 12, 13, 14, 15};

    if (number == 7)
        return is_cfa_based(ops, n, 0, true);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (kept[i] == number)
            return !ops && n == 0;
    return n == 0;
}

static bool same_register(const struct cfi_rule *r, unsigned number, Dwarf_Frame *frame)
{
    const struct cfi_register *g = find(r, number);
    Dwarf_Op memory[3], *ops;
    size_t n;

    ck_assert_int_eq(dwarf_frame_register(frame, (int)number, memory, &ops, &n), 0);
    if (!g)
        return same_default(number, ops, n);
    switch (g->kind) {
    case CFI_UNDEFINED:
        return ops == memory && n == 0;
    case CFI_OFFSET:
        return is_cfa_based(ops, n, g->value, false);
    case CFI_VAL_OFFSET:
        return is_cfa_based(ops, n, g->value, true);
    case CFI_REGISTER:
        return n == 1 && ops[0].atom == DW_OP_regx && (int64_t)ops[0].number == g->value;
    case CFI_EXPRESSION:
        return same_expression(&g->expression, ops, n);
    case CFI_VAL_EXPRESSION:
        return n > 1 && ops[n - 1].atom == DW_OP_stack_value &&
               same_expression(&g->expression, ops, n - 1);
    default:
        return false;
    }
}

/* Returns 1 when both know a rule. */
static unsigned compare(struct pair *p, const char *path, uint32_t address)
{
    _cleanup_free_ Dwarf_Frame *frame = NULL;
    struct cfi_rule rule;
    bool known = index_rule(&p->index, address, &rule), signal;
    bool expected = dwarf_cfi_addrframe(p->cfi, address, &frame) == 0;

    ck_assert_msg(known == expected, "%s 0x%x: rule %d, libdw %d", path, address, known, expected);
    if (!known)
        return 0;
    int column = dwarf_frame_info(frame, NULL, NULL, &signal);

    ck_assert_msg(column == rule.return_column && signal == rule.signal, "%s 0x%x", path, address);
    ck_assert_msg(same_cfa(&rule, frame), "%s 0x%x: the CFA", path, address);
    for (unsigned i = 0; i < REGISTERS; i++)
        ck_assert_msg(same_register(&rule, i, frame), "%s 0x%x: register %u", path, address, i);
    return 1;
}

START_TEST(same_rules_as_libdw)
{
    struct pair p;
    unsigned known = 0;

    if (!open_pair(files[_i], &p))
        return;
    const struct index_cfi_row *rows =
        (const struct index_cfi_row *)(const void *)p.index.sections[INDEX_CFI_ROWS].data;
    size_t n = p.index.sections[INDEX_CFI_ROWS].n, step = 1 + n / ROWS_TRIED;

    ck_assert_uint_gt(n, 100);
    for (size_t i = 0; i < n; i += step) {
        known += compare(&p, files[_i], rows[i].address);
        if (rows[i].address > 0)
            known += compare(&p, files[_i], rows[i].address - 1);
    }
    ck_assert_uint_gt(known, n / step);
    close_pair(&p);
}
END_TEST

/* The first address of each function that libdw finds in the section. */
START_TEST(no_function_is_left_out)
{
    struct pair p;
    Dwarf_Off offset = 0, next;
    Dwarf_CFI_Entry entry;
    unsigned functions = 0;
    size_t shstrndx;
    Elf_Scn *scn = NULL;
    GElf_Shdr h;

    if (!open_pair(files[_i], &p))
        return;
    ck_assert_int_eq(elf_getshdrstrndx(p.elf, &shstrndx), 0);
    while ((scn = elf_nextscn(p.elf, scn)) && gelf_getshdr(scn, &h))
        if (strcmp(elf_strptr(p.elf, shstrndx, h.sh_name), ".eh_frame") == 0)
            break;
    Elf_Data *data = elf_getdata(scn, NULL);
    const unsigned char *ident = (const unsigned char *)elf_getident(p.elf, NULL);

    while (dwarf_next_cfi(ident, data, true, offset, &next, &entry) == 0) {
        if (!dwarf_cfi_cie_p(&entry)) { /* pcrel sdata4, as all compilers write it on x86-64 */
            size_t at = (size_t)(entry.fde.start - (const uint8_t *)data->d_buf);
            int32_t distance;

            memcpy(&distance, entry.fde.start, sizeof distance);
            compare(&p, files[_i], (uint32_t)(h.sh_addr + at + (uint64_t)(int64_t)distance));
            functions++;
        }
        offset = next;
    }
    ck_assert_uint_gt(functions, 20);
    close_pair(&p);
}
END_TEST

UNIT_TABLES_MAIN("workerd/indexer/cfi", {same_rules_as_libdw, ARRAY_SIZE(files)},
                 {no_function_is_left_out, ARRAY_SIZE(files)})
