/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
#include "workerd/indexer/demangle.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"
#include "workerd/indexer/mangled.h"

START_TEST(names)
{
    static const struct {
        const char *symbol, *name;
    } cases[] = {
        {"main", "main"},
        {"", ""},
        {"_Z", "_Z"},
        {"_Zebra", "_Zebra"},
        {"_start", "_start"},
        {"_ZN7billing6Ledger6settleEv", "billing::Ledger::settle"},
        {"_ZNK3Foo3barEv", "Foo::bar"},
        {"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()"},
        {"_Z3fooIiEvT_", "foo<int>"},
        {"_ZN3app12_GLOBAL__N_15checkEi.isra.0", "app::(anonymous namespace)::check"},
        {"_ZNSt6vectorIiSaIiEE2atEm", "std::vector<int, std::allocator<int> >::at"},
        {"_ZN2rs5parse17h0123456789abcdefE", "rs::parse"},
        {"_ZN2rs5parse17h0123456789abcdefE.llvm.123", "rs::parse"},
        {"_ZN4core3ptr29drop_in_place$LT$alloc..A$GT$17h0123456789abcdefE",
         "core::ptr::drop_in_place<alloc::A>"},
        {"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
        {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
        {"_D8demangle4testFaZv", "demangle.test(char)"},
        {"_Dmain", "D main"},
        {"__libc_start_main@@GLIBC_2.34", "__libc_start_main"},
        {"memcpy@GLIBC_2.2.5", "memcpy"},
        {"@weird", "@weird"},
        {"checksum.constprop.0.isra.0", "checksum.constprop.0.isra.0"},
    };
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_ptr_null(demangle(NULL, &a));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(demangle(cases[i].symbol, &a), cases[i].name);
}
END_TEST

/* f<A, B<A, A>, B<that, that>, …>: each argument is twice as long as the one before. */
static void nested_templates(int depth, char *ret)
{
    static const char digits[] = "23456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char *p = ret + sprintf(ret, "_Z1fI1A1BIS0_S0_E");

    for (int i = 0; i < depth; i++)
        p += sprintf(p, "S1_IS%c_S%c_E", digits[i], digits[i]);
    strcpy(p, "EvT_");
}

START_TEST(exponential_output_is_stopped)
{
    _cleanup_arena_ struct arena a;
    char symbol[1024];

    arena_init(&a, 0);
    nested_templates(1, symbol);
    ck_assert_str_eq(demangle(symbol, &a), "f<A, B<A, A>, B<B<A, A>, B<A, A> > >");
    nested_templates(10, symbol); /* 26 KB */
    ck_assert_uint_eq(strlen(demangle(symbol, &a)), FUNCTION_NAME_MAX - 1);
    nested_templates(30, symbol); /* 28 GB */
    ck_assert_str_eq(demangle(symbol, &a), symbol);
}
END_TEST

/* What libiberty would be at for hours, without writing anything. */
static void append_times(char *s, const char *what, unsigned n)
{
    while (n-- > 0)
        strcat(s, what);
}

static void pack_bomb(unsigned depth, char *ret)
{
    strcpy(ret, "_Z1fIDp");
    append_times(ret, "F", depth);
    strcat(ret, "1AS0_E");
    for (unsigned i = 1; i < depth; i++)
        sprintf(ret + strlen(ret), "S%c_E", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]);
    strcat(ret, "Evv");
}

static void conversion_bomb(unsigned depth, char *ret)
{
    strcpy(ret, "_ZN1AcvT_");
    append_times(ret, "IT_", depth);
    strcat(ret, "i");
    append_times(ret, "E", depth);
    strcat(ret, "Ev");
}

static void d_reference_bomb(unsigned depth, char *ret)
{
    strcpy(ret, "_D1fFB2iiB2QgQi");
    append_times(ret, "B2QiQk", depth);
    strcat(ret, "Zv");
}

static void d_function_bomb(unsigned depth, char *ret)
{
    strcpy(ret, "_D1fF");
    append_times(ret, "C1aF", depth);
}

static void rust_bomb(unsigned depth, char *ret)
{
    strcpy(ret, "_RMIC1aFG");
    append_times(ret, "z", depth / 4);
    strcat(ret, "_EuEu");
}

START_TEST(what_never_ends_is_not_tried)
{
    static void (*const bombs[])(unsigned, char *) = {
        pack_bomb, conversion_bomb, d_reference_bomb, d_function_bomb, rust_bomb,
    };
    int64_t begin = clock_mono();

    for (unsigned depth = 1; depth <= 35; depth++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        char symbol[1024];

        bombs[_i](depth, symbol);
        const char *name = demangle(symbol, &a);

        ck_assert_msg(depth < 35 || strcmp(name, symbol) == 0, "%s: %s", symbol, name);
    }
    ck_assert_int_lt(clock_mono() - begin, USEC_PER_SEC);
}
END_TEST

/* Names that repeat themselves as much as people's code does. */
START_TEST(honest_names_are_not_feared)
{
    static const char *const cases[] = {
        "_ZNSt6vectorISt4pairINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEES6_ESaIS7_EE12"
        "emplace_backIJRKS6_SB_EEERS7_DpOT_",
        "_RINvMNtNtCsgEmfK2I1SDS_4core4cell4onceINtB3_8OnceCellmE15get_or_try_initNCNvCs1_1a1fuE",
        "_ZN1AcvT_I1BIiEEEv",
        "_D3std6format__T6formatTaTiZQnFNaNfxAaiZAya",
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t cost;

        ck_assert_msg(mangled_cost(cases[i], &cost), "%s", cases[i]);
        ck_assert_msg(cost == 0, "%s: %zu", cases[i], cost);
    }
}
END_TEST

START_TEST(long_names_keep_their_end)
{
    enum { LENGTH = 100000 };
    _cleanup_arena_ struct arena a;
    _cleanup_free_ char *symbol = malloc(LENGTH);

    arena_init(&a, 0);
    memset(symbol, 'x', LENGTH);
    strcpy(symbol + LENGTH - 8, "the_end");
    const char *name = demangle(symbol, &a);

    ck_assert_uint_eq(strlen(name), FUNCTION_NAME_MAX - 1);
    ck_assert_int_eq(strncmp(name, "...x", 4), 0);
    ck_assert_str_eq(name + strlen(name) - 7, "the_end");
}
END_TEST

UNIT_TABLES_MAIN("workerd/demangle", {names, 1}, {exponential_output_is_stopped, 1},
                 {what_never_ends_is_not_tried, 5}, {honest_names_are_not_feared, 1},
                 {long_names_keep_their_end, 1})
