/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/variables workerd/unwind workerd/analysis workerd/indexer workerd/image
 * workerd/index */
#include "workerd/variables/scope.h"

#include "tests/lib/unit.h"
#include "tests/unit/debug_file.h"

#define A     MADE_CODE
#define SOME  EXPR(DW_OP_reg3)
#define OTHER EXPR(DW_OP_reg4)

/* The variables of a scope as a line: arguments in parentheses; what has no location has a "?". */
static const char *listed(const struct scope *s, struct arena *a)
{
    const char *text = "";

    for (size_t i = 0; i < s->n; i++) {
        const struct scope_variable *v = &s->variables[i];
        const char *name = entry_text(&v->named, SLOT_NAME);
        const char *mark = die_value(&v->entry.die, SLOT_LOCATION) ? "" : "?";

        text = arena_printf(a, v->argument ? "%s%s(%s%s)" : "%s%s%s%s", text, i > 0 ? " " : "",
                            name, mark);
    }
    return text;
}

/* The same of all scopes, innermost first. */
static const char *all_listed(struct made *m, uint64_t address)
{
    const char *text = NULL;
    struct scopes s;

    if (!scopes_at(m->debug, address, &m->arena, &s))
        return "none";
    for (size_t i = 0; i < s.n; i++)
        text = arena_printf(&m->arena, "%s%s%s", text ? text : "", text ? " | " : "",
                            listed(&s.list[i], &m->arena));
    ck_assert_uint_eq(entry_tag(&s.list[s.n - 1].function), DW_TAG_subprogram);
    return text;
}

static void begin(struct made *m)
{
    made_init(m, 5);
    made_unit(m, "a.c", A, 0x1000);
}

static void finish(struct made *m)
{
    made_unit_end(m);
    ck_assert_ptr_nonnull(made_open(m));
}

START_TEST(blocks_around_the_address)
{
    _made_ struct made m;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_PARAMETER, "p", SOME);
    made_variable(&m, MADE_PARAMETER, "q", SOME);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_block(&m, A + 0x10, 0x40);
    made_variable(&m, MADE_VARIABLE, "y", SOME);
    made_block(&m, A + 0x20, 0x10);
    made_variable(&m, MADE_VARIABLE, "z", SOME);
    made_end(&m);
    made_end(&m);
    made_block(&m, A + 0x50, 0x10);
    made_variable(&m, MADE_VARIABLE, "w", SOME);
    made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A - 1), "none");
    ck_assert_str_eq(all_listed(&m, A), "(p) (q) x");
    ck_assert_str_eq(all_listed(&m, A + 0x10), "(p) (q) y x");
    ck_assert_str_eq(all_listed(&m, A + 0x2f), "(p) (q) z y x");
    ck_assert_str_eq(all_listed(&m, A + 0x30), "(p) (q) y x");
    ck_assert_str_eq(all_listed(&m, A + 0x50), "(p) (q) w x");
    ck_assert_str_eq(all_listed(&m, A + 0x100), "none");
}
END_TEST

START_TEST(a_name_further_in_hides_one_further_out)
{
    _made_ struct made m;
    struct scopes s;
    struct span bytes;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_PARAMETER, "p", SOME);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_block(&m, A, 0x40);
    made_variable(&m, MADE_VARIABLE, "x", OTHER);
    made_variable(&m, MADE_VARIABLE, "p", OTHER);
    made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "x p");
    ck_assert_str_eq(all_listed(&m, A + 0x40), "(p) x");
    ck_assert(scopes_at(m.debug, A, &m.arena, &s));
    ck_assert(entry_bytes(&s.list[0].variables[0].entry, SLOT_LOCATION, &bytes));
    ck_assert_uint_eq(bytes.data[0], DW_OP_reg4);
}
END_TEST

/* clang has static variables of inner blocks in the outermost one. */
START_TEST(variables_of_one_name_in_one_block)
{
    _made_ struct made m;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_named(&m, MADE_NAMED_VARIABLE, "x");
    made_variable(&m, MADE_VARIABLE, "x", OTHER);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "x x");
}
END_TEST

START_TEST(what_is_only_declared_or_global_is_left_out)
{
    _made_ struct made m;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_named(&m, MADE_EXTERN, "errno");
    made_variable(&m, MADE_STATIC, "everywhere", EXPR(DW_OP_addr, 1, 2, 0, 0, 0, 0, 0, 0));
    made_variable(&m, MADE_VARIABLE, "gone", EXPR(DW_OP_addr, 0, 0, 0, 0, 0, 0, 0, 0));
    made_variable(&m, MADE_VARIABLE, "kept", EXPR(DW_OP_addr, 1, 0, 0, 0, 0, 0, 0, 0));
    made_named(&m, MADE_NAMED_VARIABLE, "unused");
    made_variable(&m, MADE_VARIABLE, "", SOME);
    made_variable(&m, MADE_PARAMETER, "", SOME);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "kept unused?");
}
END_TEST

/* An inlined function with an argument and a variable that the copy has, and one of each of which
 * nothing is left, the latter in a block. */
START_TEST(inlined_calls_and_what_is_left_of_their_originals)
{
    _made_ struct made m;
    uint32_t original, argument, local;

    begin(&m);
    original = made_here(&m);
    made_abstract(&m, "inner", false);
    argument = made_here(&m);
    made_named(&m, MADE_NAMED_PARAMETER, "a");
    made_named(&m, MADE_NAMED_PARAMETER, "b");
    local = made_here(&m);
    made_named(&m, MADE_NAMED_VARIABLE, "v");
    made_open_block(&m);
    made_named(&m, MADE_NAMED_VARIABLE, "w");
    made_named(&m, MADE_EXTERN, "environ");
    made_end(&m);
    made_end(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_PARAMETER, "p", SOME);
    made_block(&m, A, 0x80);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_inlined(&m, MADE_INLINED, original, A + 0x10, 0x20);
    made_copy(&m, MADE_COPIED_VARIABLE, local, SOME);
    made_copy(&m, MADE_COPIED_PARAMETER, argument, SOME);
    made_inlined(&m, MADE_INLINED, original, A + 0x18, 8);
    made_end(&m);
    made_end(&m);
    made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "(p) x");
    ck_assert_str_eq(all_listed(&m, A + 0x10), "(a) (b?) v w? | (p) x");
    ck_assert_str_eq(all_listed(&m, A + 0x1f), "(a?) (b?) v? w? | (a) (b?) v w? | (p) x");
}
END_TEST

/* What does not say where it was called is no frame. */
START_TEST(an_inlined_call_without_a_place_is_passed_through)
{
    _made_ struct made m;
    uint32_t original;

    begin(&m);
    original = made_here(&m);
    made_abstract(&m, "inner", false);
    made_named(&m, MADE_NAMED_PARAMETER, "a");
    made_end(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_inlined(&m, MADE_UNPLACED, original, A, 0x20);
    made_variable(&m, MADE_VARIABLE, "y", SOME);
    made_inlined(&m, MADE_INLINED, original, A + 0x10, 0x10);
    made_end(&m);
    made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "x");
    ck_assert_str_eq(all_listed(&m, A + 0x10), "(a?) | x");
}
END_TEST

START_TEST(a_function_in_a_function)
{
    _made_ struct made m;
    struct scopes s;

    begin(&m);
    made_function(&m, "outer", A, 0x100, NO_EXPR);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_function(&m, "nested", A + 0x200, 0x10, NO_EXPR);
    made_variable(&m, MADE_VARIABLE, "y", SOME);
    made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A), "x");
    ck_assert_str_eq(all_listed(&m, A + 0x200), "y");
    ck_assert(scopes_at(m.debug, A + 0x200, &m.arena, &s));
    ck_assert_str_eq(entry_text(&s.list[0].function, SLOT_NAME), "nested");
}
END_TEST

START_TEST(a_function_in_pieces)
{
    _made_ struct made m;

    made_init(&m, 4);
    made_unit(&m, "a.c", A, 0x1000);
    for (unsigned i = 0; i < 2; i++) {
        made_put(&m.ranges, 0x100 + 0x200 * i, 8); /* from the unit's address on */
        made_put(&m.ranges, 0x110 + 0x200 * i, 8);
    }
    made_put(&m.ranges, 0, 8);
    made_put(&m.ranges, 0, 8);
    made_named(&m, MADE_PARTS, "f");
    made_put(m.to, 0, 4);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    made_end(&m);
    finish(&m);
    ck_assert_str_eq(all_listed(&m, A + 0x10f), "x");
    ck_assert_str_eq(all_listed(&m, A + 0x110), "none");
    ck_assert_str_eq(all_listed(&m, A + 0x300), "x");
}
END_TEST

START_TEST(too_many_are_counted)
{
    _made_ struct made m;
    char name[16];
    struct scopes s;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    for (unsigned i = 0; i < SCOPE_VARIABLES_MAX + 5; i++) {
        snprintf(name, sizeof name, "v%u", i);
        made_variable(&m, MADE_VARIABLE, name, SOME);
    }
    made_end(&m);
    finish(&m);
    ck_assert(scopes_at(m.debug, A, &m.arena, &s));
    ck_assert_uint_eq(s.list[0].n, SCOPE_VARIABLES_MAX);
    ck_assert_uint_eq(s.list[0].left_out, 5);
}
END_TEST

/* Blocks in blocks, and originals that are copies of each other. */
START_TEST(depth_and_circles_are_bounded)
{
    _made_ struct made m;
    struct scopes s;
    uint32_t here;

    begin(&m);
    made_function(&m, "f", A, 0x100, NO_EXPR);
    for (unsigned i = 0; i < 2000; i++) {
        here = made_here(&m);
        made_inlined(&m, MADE_INLINED, here, A, 0x100);
        made_copy(&m, MADE_COPIED_VARIABLE, made_here(&m), SOME);
    }
    for (unsigned i = 0; i < 2000; i++)
        made_end(&m);
    made_end(&m);
    made_function(&m, "g", A + 0x100, 0x100, NO_EXPR);
    for (unsigned i = 0; i < 2000; i++)
        made_open_block(&m);
    made_variable(&m, MADE_VARIABLE, "x", SOME);
    for (unsigned i = 0; i < 2000; i++)
        made_end(&m);
    made_end(&m);
    finish(&m);
    ck_assert(scopes_at(m.debug, A, &m.arena, &s));
    ck_assert_uint_eq(s.n, SCOPE_DEPTH_MAX + 1);
    ck_assert(scopes_at(m.debug, A + 0x100, &m.arena, &s));
    ck_assert_uint_eq(s.list[0].n, 0);
}
END_TEST

UNIT_MAIN("workerd/variables/scope", blocks_around_the_address,
          a_name_further_in_hides_one_further_out, variables_of_one_name_in_one_block,
          what_is_only_declared_or_global_is_left_out,
          inlined_calls_and_what_is_left_of_their_originals,
          an_inlined_call_without_a_place_is_passed_through, a_function_in_a_function,
          a_function_in_pieces, too_many_are_counted, depth_and_circles_are_bounded)
