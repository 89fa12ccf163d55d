/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/sources workerd/supply workerd/wire */
/* The same function built differently has one name; different functions have different ones; any
 * bytes have a name that stays. */
#include "workerd/grouping/normalise.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

static const struct {
    const char *name, *wanted;
} cases[] = {
    /* C */
    {"process_data", "process_data"},
    {"", ""},
    {"foo.part.0", "foo"},
    {"foo.isra.0", "foo"},
    {"foo.constprop.0.isra.0", "foo"},
    {"foo.cold", "foo"},
    {"foo.part.0.cold", "foo"},
    {"foo.lto_priv.12", "foo"},
    {"foo.llvm.1234567890", "foo"},
    {"foo.cold.1", "foo"},
    {"foo.isra", "foo"},
    {"inner.0", "inner.0"},
    {"foo [clone .cold]", "foo"},
    {"foo [clone .part.0] [clone .cold]", "foo"},
    {"memcpy@@GLIBC_2.14", "memcpy"},
    {"puts@plt", "puts"},
    {"__GI_raise", "raise"},
    {"__GI___libc_malloc", "__libc_malloc"},
    {"IA__g_free", "g_free"},
    {"__memmove_avx_unaligned_erms", "memmove"},
    {"__memcpy_avx512_no_vzeroupper", "memcpy"},
    {"__strlen_avx2", "strlen"},
    {"__memset_evex_unaligned_erms", "memset"},
    {"__memcpy_generic", "memcpy"},
    {"__strcasecmp_l_sse42", "strcasecmp_l"},
    {"__memory_pool_free", "__memory_pool_free"},
    /* C++ */
    {"ns::Foo::run(int, char const*)", "ns::Foo::run"},
    {"ns::Foo<int, std::vector<char> >::run() const", "ns::Foo::run"},
    {"void ns::foo<int>(int)", "ns::foo"},
    {"std::vector<int, std::allocator<int> >::at(unsigned long)", "std::vector::at"},
    {"unsigned long ns::count<ns::T>(ns::T const&) [clone .isra.0]", "ns::count"},
    {"(anonymous namespace)::helper(int)", "(anon)::helper"},
    {"ns::(anonymous namespace)::helper()", "ns::(anon)::helper"},
    {"ns::<unnamed>::helper()", "ns::(anon)::helper"},
    {"std::string ns::f[abi:cxx11](int)", "ns::f"},
    {"foo(int)::{lambda(int)#1}::operator()(int) const", "foo::{lambda#1}::operator()"},
    {"main::{lambda(auto:1)#2}::operator()<int>(int) const", "main::{lambda#2}::operator()"},
    {"foo()::<lambda(int)>::operator()(int) const", "foo::{lambda}::operator()"},
    {"ns::operator<<(std::ostream&, ns::T const&)", "ns::operator<<"},
    {"std::ostream& operator<< <char>(std::ostream&, char const*)", "operator<<"},
    {"bool ns::operator< <int>(ns::T<int> const&, ns::T<int> const&)", "ns::operator<"},
    {"ns::T::operator->() const", "ns::T::operator->"},
    {"ns::T::operator()(int) &&", "ns::T::operator()"},
    {"ns::T::operator[](unsigned long)", "ns::T::operator[]"},
    {"ns::T::operator+(ns::T)", "ns::T::operator+"},
    {"ns::T::operator bool() const", "ns::T::operator bool"},
    {"ns::T::operator unsigned long() const", "ns::T::operator unsigned long"},
    {"operator new(unsigned long)", "operator new"},
    {"operator new[](unsigned long)", "operator new[]"},
    {"operator delete(void*, unsigned long)", "operator delete"},
    {"ns::operatorX(int)", "ns::operatorX"},
    {"non-virtual thunk to ns::Foo::bar()", "ns::Foo::bar"},
    {"decltype(auto) ns::pick<int>(int)", "ns::pick"},
    {"void f<(1>2)>(int)", "f"},
    {"ns::~Foo()", "ns::~Foo"},
    {"ns::Foo::~Foo()", "ns::Foo::~Foo"},
    /* Rust */
    {"app::run::h0123456789abcdef", "app::run"},
    {"app::run::{{closure}}::h0123456789abcdef", "app::run::{closure}"},
    {"app::run::{closure#0}", "app::run::{closure#0}"},
    {"<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop", "alloc::vec::Vec::drop"},
    {"<app::Thing as app::Trait<u8>>::go", "app::Thing::go"},
    {"<&mut app::Thing as app::Trait>::go", "app::Thing::go"},
    {"<app::Thing>::go", "app::Thing::go"},
    {"alloc::vec::Vec::<u8>::push", "alloc::vec::Vec::push"},
    {"core::ops::function::FnOnce::call_once{{vtable.shim}}",
     "core::ops::function::FnOnce::call_once{vtable.shim}"},
    {"app[8d1d1f4a2b3c4d5e]::run", "app::run"},
    {"core::ptr::drop_in_place<alloc::boxed::Box<dyn core::any::Any>>", "core::ptr::drop_in_place"},
    {"alloc::slice::<impl [T]>::sort", "alloc::slice::sort"},
    /* Go, Objective-C, Swift */
    {"main.(*Server).Handle", "main.(*Server).Handle"},
    {"main.crash", "main.crash"},
    {"main.Map[...]", "main.Map"},
    {"-[NSFoo doIt:with:]", "-[NSFoo doIt:with:]"},
    {"main.f(Swift.Int) -> Swift.Int", "main.f"},
    /* nonsense stays a name */
    {"(((", "((("},
    {">>>", ">>>"},
    {"<", "<"},
    {" ", " "},
    {"operator", "operator"},
    {"()", "()"},
};

START_TEST(names)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(normalise_function(cases[_i].name, &a), cases[_i].wanted);
}
END_TEST

START_TEST(results_stay)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(normalise_function(cases[_i].wanted, &a), cases[_i].wanted);
}
END_TEST

/* Texts made of the bytes that the walk looks at, from a fixed seed: each must settle. */
START_TEST(random_texts_settle)
{
    static const char *const parts[] = {
        "<",  ">",    "(",      ")", "{", "}", "[",     "]",  "::",     " ",  "a",    "operator",
        "->", " as ", "lambda", "&", "*", "@", ".cold", ".0", " const", "#1", "__GI_"};
    unsigned seed = 1;

    for (unsigned n = 0; n < 20000; n++) {
        _cleanup_arena_ struct arena a;
        char text[256] = "";
        const char *once;

        arena_init(&a, 0);
        for (unsigned i = 0; i < n % 24; i++)
            strcat(text, parts[(unsigned)rand_r(&seed) % ARRAY_SIZE(parts)]);
        once = normalise_function(text, &a);
        ck_assert_msg(strcmp(once, normalise_function(once, &a)) == 0, "%s", text);
        ck_assert_msg((*once == '\0') == (*text == '\0'), "%s", text);
    }
}
END_TEST

/* Far beyond the limit and nested without end: linear work, and a name that is not longer than
 * allowed. */
START_TEST(long_texts)
{
    static const char fill[] = {'<', '(', '{', 'a', ' ', ':', '>'};

    for (size_t i = 0; i < sizeof(fill); i++) {
        _cleanup_arena_ struct arena a;
        char *text = malloc(100001);

        arena_init(&a, 0);
        memset(text, fill[i], 100000);
        text[100000] = '\0';
        ck_assert_uint_le(strlen(normalise_function(text, &a)), FUNCTION_NAME_MAX);
        free(text);
    }
}
END_TEST

static const struct {
    const char *path, *wanted;
} modules[] = {
    {"/usr/bin/app", "app"},
    {"/lib/x86_64-linux-gnu/libc.so.6", "libc.so"},
    {"/usr/lib/libQt5Core.so.5.15.8", "libQt5Core.so"},
    {"plugin.so", "plugin.so"},
    {"[vdso]", "[vdso]"},
    {"/opt/app/", ""},
    {NULL, ""},
};

START_TEST(module_names)
{
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(normalise_module(modules[_i].path, &a), modules[_i].wanted);
}
END_TEST

UNIT_TABLES_MAIN("workerd/normalise", {names, ARRAY_SIZE(cases)}, {results_stay, ARRAY_SIZE(cases)},
                 {random_texts_settle, 1}, {long_texts, 1}, {module_names, ARRAY_SIZE(modules)})
