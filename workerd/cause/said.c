/* SPDX-License-Identifier: Apache-2.0 */
/* A program that gives up says so: in the text that glibc keeps (__abort_msg), and by the functions
 * through which it went. Texts come first, for they say more. The words are those of glibc 2.17 to
 * 2.41, of libstdc++, Rust's and Go's libraries, GLib, Qt and the sanitizers. */
#include "workerd/cause/rules.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "workerd/cause/exception.h"

#define FRAMES_MAX 32u /* innermost ones that are looked at */

/* --- Texts --- */

/* Names and sentences that several have. */
#define CORRUPTED                                                                                  \
    "heap-corruption", "The heap is corrupted: what malloc keeps beside blocks was overwritten "   \
                       "before, by a write beyond a block or into a freed one ({message})"
#define INVALID_FREE                                                                               \
    "invalid-free", "free() or realloc() got a pointer that malloc() did not return ({message})"
#define FREED_TWICE "double-free", "Memory was freed twice ({message})"
#define SMASHED                                                                                    \
    "stack-smashed", "Something wrote beyond an array on the stack: the canary in front of the "   \
                     "return address was overwritten, as was noticed{in}"
#define OVERFLOWN                                                                                  \
    "buffer-overflow", "A function of the C library was to write beyond the end of a buffer: "     \
                       "_FORTIFY_SOURCE stopped it"

/* What a message begins with. */
static const struct text_rule {
    const char *text;
    const char *name, *sentence;
} texts[] = {
    {"free(): double free detected in tcache 2", FREED_TWICE},
    {"double free or corruption (out)", CORRUPTED},
    {"double free or corruption (!prev)", "double-free",
     "Memory was freed twice, or what malloc keeps behind it was overwritten ({message})"},
    {"double free or corruption", FREED_TWICE},
    {"free(): invalid pointer", INVALID_FREE},
    {"munmap_chunk(): invalid pointer", INVALID_FREE},
    {"realloc(): invalid pointer", INVALID_FREE},
    {"free(): ", CORRUPTED},
    {"malloc(): ", CORRUPTED},
    {"realloc(): ", CORRUPTED},
    {"calloc(): ", CORRUPTED},
    {"malloc_consolidate(): ", CORRUPTED},
    {"tcache_thread_shutdown(): ", CORRUPTED},
    {"corrupted ", CORRUPTED},
    {"invalid fastbin entry", CORRUPTED},
    {"*** stack smashing detected ***", SMASHED},
    {"*** buffer overflow detected ***", OVERFLOWN},
    {"*** bit out of range", "buffer-overflow",
     "A descriptor of FD_SETSIZE or more was put into an fd_set"},
    {"*** %n in writable segment", "format-string",
     "A format with %n lies in writable memory: an attack, or a format that is made at run time"},
    {"*** longjmp causes uninitialized stack frame", "longjmp",
     "longjmp() to a function that has returned already"},
    {"Fatal glibc error:", "fatal-glibc",
     "The C library found an error from which it cannot go on: {message}"},
};

/* --- Functions --- */

/* function: its name, or what it begins with before a '*'; behind a '^' only that of the innermost
 * frame; caller: what that one's caller must be called, or NULL. */
struct function_rule {
    const char *function, *caller, *meaning;
    const char *name, *sentence;
};

#define SANITIZER     "sanitizer", "{meaning} found an error"
#define UBSAN         "sanitizer", "UndefinedBehaviorSanitizer found {meaning}{in}"
#define ASSERTION     "assertion", "An assertion failed{in}"
#define MEMORY        "out-of-memory"
#define OUT_OF_MEMORY "Memory could not be had, and nobody caught std::bad_alloc"
#define UNCAUGHT      "uncaught-exception"
#define RUST_PANIC    "rust-panic", "Rust panic{by}: {meaning}"
#define GO_PANIC      "go-panic", "Go: {meaning}"
#define GO_ERROR      "go-throw", "Go: {meaning}"
#define FATAL_GLIB                                                                                 \
    "fatal-message", "A message of GLib's that ends the program{by} (g_error(), or "               \
                     "G_DEBUG=fatal-…)"

/* clang-format off */
static const struct function_rule functions[] = {
    /* sanitizers */
    {"__asan::ReportGenericError", NULL, "AddressSanitizer", SANITIZER},
    {"__ubsan_handle_divrem_overflow*", NULL, "a division by zero, or one whose result is too large,", UBSAN},
    {"__ubsan_handle_add_overflow*", NULL, "a sum of integers that is too large", UBSAN},
    {"__ubsan_handle_sub_overflow*", NULL, "a difference of integers that is too large", UBSAN},
    {"__ubsan_handle_mul_overflow*", NULL, "a product of integers that is too large", UBSAN},
    {"__ubsan_handle_negate_overflow*", NULL, "the negation of the smallest integer", UBSAN},
    {"__ubsan_handle_shift_out_of_bounds*", NULL, "a shift by a number of bits that is not allowed", UBSAN},
    {"__ubsan_handle_out_of_bounds*", NULL, "an index beyond the end of an array", UBSAN},
    {"__ubsan_handle_type_mismatch*", NULL, "a pointer that is NULL, not aligned, or to less memory than it needs,", UBSAN},
    {"__ubsan_handle_pointer_overflow*", NULL, "a sum with a pointer that is no address", UBSAN},
    {"__ubsan_handle_builtin_unreachable*", NULL, "that a place was reached that cannot be reached", UBSAN},
    {"__ubsan_handle_missing_return*", NULL, "the end of a function that has to return a value", UBSAN},
    {"__ubsan_handle_load_invalid_value*", NULL, "a value that its type does not have", UBSAN},
    {"__ubsan_handle_float_cast_overflow*", NULL, "a floating-point number that does not fit an integer", UBSAN},
    {"__ubsan_handle_nonnull*", NULL, "NULL where it is not allowed", UBSAN},
    {"__ubsan_handle_*", NULL, "undefined behaviour", UBSAN},
    {"__tsan::ReportRace", NULL, NULL, "sanitizer", "ThreadSanitizer found a data race"},
    {"__msan_warning*", NULL, NULL, "sanitizer", "MemorySanitizer found that a value was used which was never set{in}"},
    {"__sanitizer::Die", NULL, "A sanitizer", SANITIZER},
    {"__sanitizer::Abort", NULL, "A sanitizer", SANITIZER},
    /* the C library */
    {"__stack_chk_fail", NULL, NULL, SMASHED},
    {"__chk_fail", NULL, NULL, OVERFLOWN},
    {"__assert_fail", NULL, NULL, ASSERTION},
    {"__assert_perror_fail", NULL, NULL, ASSERTION},
    {"malloc_printerr", NULL, NULL, "heap-corruption",
     "malloc() or free() found the heap corrupted, or a pointer that is none of its own"},
    /* C++ */
    {"__cxa_pure_virtual", NULL, NULL, "pure-virtual",
     "A pure virtual function was called{by}: of an object that is still being made, or is destroyed already"},
    {"__cxa_deleted_virtual", NULL, NULL, "pure-virtual", "A deleted virtual function was called{by}"},
    {"std::__glibcxx_assert_fail", NULL, NULL, "assertion", "An assertion of the C++ library failed{in}"},
    {"std::__replacement_assert", NULL, NULL, "assertion", "An assertion of the C++ library failed{in}"},
    {"std::thread::~thread", NULL, NULL, "thread-not-joined",
     "A std::thread was destroyed that was neither joined nor detached{by}"},
    {"std::thread::operator=", NULL, NULL, "thread-not-joined",
     "A std::thread was overwritten that was neither joined nor detached{by}"},
    {"std::__throw_bad_alloc", NULL, NULL, MEMORY, "Memory could not be had{by}, and nobody caught std::bad_alloc"},
    {"__cxa_throw", "operator new*", NULL, MEMORY, OUT_OF_MEMORY},
    {"__gxx_personality_v0", NULL, NULL, UNCAUGHT,
     "An exception{type} came to a function that lets none through (noexcept, a destructor){what}"},
    {"__clang_call_terminate", NULL, NULL, UNCAUGHT,
     "An exception{type} came to a function that lets none through (noexcept, a destructor){by}{what}"},
    {"__cxa_throw", NULL, NULL, UNCAUGHT, "An exception{type} that was thrown{by} was not caught{what}"},
    {"__cxa_rethrow", NULL, NULL, UNCAUGHT, "An exception{type} that was thrown again{by} was not caught{what}"},
    {"std::rethrow_exception", NULL, NULL, UNCAUGHT, "An exception that was thrown again{by} was not caught"},
    {"std::terminate", NULL, NULL, "terminate", "std::terminate() was called{by}"},
    /* Rust */
    {"core::panicking::panic_bounds_check", NULL, "an index was beyond the end", RUST_PANIC},
    {"core::slice::index::*", NULL, "a range was beyond the end of a slice", RUST_PANIC},
    {"core::str::slice_error_fail", NULL, "a range of a text was beyond its end, or within a character", RUST_PANIC},
    {"core::option::unwrap_failed", NULL, "unwrap() of None", RUST_PANIC},
    {"core::option::expect_failed", NULL, "expect() of None", RUST_PANIC},
    {"core::result::unwrap_failed", NULL, "unwrap() or expect() of an error", RUST_PANIC},
    {"core::cell::panic_already_borrowed", NULL, "a RefCell was borrowed already", RUST_PANIC},
    {"core::cell::panic_already_mutably_borrowed", NULL, "a RefCell was mutably borrowed already", RUST_PANIC},
    {"core::panicking::panic_const::panic_const_div_by_zero", NULL, "division by zero", RUST_PANIC},
    {"core::panicking::panic_const::panic_const_rem_by_zero", NULL, "division by zero", RUST_PANIC},
    {"core::panicking::panic_const::*", NULL, "arithmetic overflow", RUST_PANIC},
    {"core::panicking::assert_failed*", NULL, "assert_eq!() or assert_ne!() failed", RUST_PANIC},
    {"core::panicking::panic_nounwind*", NULL, "a check of unsafe code, or a panic that may not unwind", RUST_PANIC},
    {"core::panicking::panic_cannot_unwind", NULL, "a panic in a function that may not unwind", RUST_PANIC},
    {"core::panicking::panic_in_cleanup", NULL, "a panic in a destructor, during a panic", RUST_PANIC},
    {"alloc::alloc::handle_alloc_error", NULL, NULL, MEMORY, "Memory could not be had{by} (Rust)"},
    {"rust_begin_unwind", NULL, NULL, "rust-panic", "Rust panic"},
    {"std::panicking::begin_panic*", NULL, NULL, "rust-panic", "Rust panic"},
    {"std::process::abort", NULL, NULL, "abort", "std::process::abort() was called{by}"},
    /* Go */
    {"runtime.panicmem*", NULL, "a nil pointer, or one that is none", GO_PANIC},
    {"runtime.panicdivide", NULL, "integer division by zero", GO_PANIC},
    {"runtime.goPanicIndex*", NULL, "an index was out of range", GO_PANIC},
    {"runtime.goPanicSlice*", NULL, "the bounds of a slice were out of range", GO_PANIC},
    {"runtime.panicdottype*", NULL, "a value of another type than was asserted", GO_PANIC},
    {"runtime.panicshift", NULL, "a shift by a negative number", GO_PANIC},
    {"runtime.gopanic", "runtime.mapassign*", "a write to a map that is nil", GO_PANIC},
    {"runtime.gopanic", NULL, "panic() that nobody recovered", "go-panic", "Go: {meaning}, called{by}"},
    {"runtime.checkdead", NULL, "all goroutines wait for each other", GO_ERROR},
    {"runtime.throw", NULL, NULL, "go-throw", "Go: an error from which its runtime cannot go on"},
    {"runtime.fatalthrow", NULL, NULL, "go-throw", "Go: an error from which its runtime cannot go on"},
    /* GLib, Qt */
    {"g_assertion_message*", NULL, NULL, "assertion", "An assertion of GLib's failed"},
    {"g_malloc", NULL, NULL, MEMORY, "Memory could not be had{by} (GLib)"},
    {"_g_log_abort", NULL, NULL, FATAL_GLIB},
    {"^g_log_structured_array", NULL, NULL, FATAL_GLIB}, /* where that was made inline */
    {"^g_logv", NULL, NULL, FATAL_GLIB},
    {"qt_assert*", NULL, NULL, "assertion", "An assertion of Qt's failed{in}"},
    {"QMessageLogger::fatal", NULL, NULL, "fatal-message", "qFatal() was called{by}"},
    /* whoever it was */
    {"abort", NULL, NULL, "abort", "abort() was called{by}"},
};
/* clang-format on */

/* --- Which of them --- */

/* Names of frames, innermost first: up to a signal handler's trampoline, or beyond it when what was
 * interrupted was raise(3): then the handler is one for the end of the program that began there. */
struct names {
    const char *list[FRAMES_MAX]; /* "": unknown */
    size_t from, n;
    uint64_t letters; /* that they begin with, as bits: most rules end here */
};

static uint64_t letter_bit(const char *name)
{
    return UINT64_C(1) << (*name & 63);
}

/* As the library itself calls them. */
static const char *without_prefix(const char *name)
{
    static const char *const prefixes[] = {"__GI_", "__ubsan::", "__rustc::"};

    for (size_t i = 0; name && i < ARRAY_SIZE(prefixes); i++)
        if (cstr_starts(name, prefixes[i]))
            return name + strlen(prefixes[i]);
    return name;
}

static void collect(const struct facts *f, struct names *ret)
{
    ret->from = ret->n = 0;
    ret->letters = 0;
    for (size_t i = 0; i < f->n_frames && i < FRAMES_MAX; i++) {
        const char *name = facts_function(f, i), *next = facts_function(f, i + 1);

        if (f->frames[i].signal && (!next || !facts_raises(next)))
            break;
        if (f->frames[i].signal)
            ret->from = i + 1;
        name = without_prefix(name);
        ret->list[ret->n++] = name ? name : "";
        ret->letters |= letter_bit(name ? name : "");
    }
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The whole name, behind which parameters, template arguments or a compiler's suffix may come. */
static bool matches(const char *function, const char *name)
{
    size_t n = 0;

    while (name[n] != '\0' && name[n] != '*' && function[n] == name[n])
        n++;
    return name[n] == '*' || (name[n] == '\0' && !is_word(function[n]));
}

/* SIZE_MAX when none is called that. */
static size_t find_frame(const struct names *s, const char *name, const char *caller)
{
    bool innermost = *name == '^';

    name += innermost;
    if (!(s->letters & letter_bit(name)))
        return SIZE_MAX;
    for (size_t i = s->from; i < s->n && (i == s->from || !innermost); i++)
        if (matches(s->list[i], name) &&
            (!caller || (i + 1 < s->n && matches(s->list[i + 1], caller))))
            return i;
    return SIZE_MAX;
}

/* The function of the C library whose caller is the one that is meant. */
static void find_said_frame(struct finding *f, const struct names *s)
{
    static const char *const outer[] = {"__stack_chk_fail", "__assert_fail", "__chk_fail"};

    for (size_t i = 0; i < ARRAY_SIZE(outer) && f->frame == SIZE_MAX; i++)
        f->frame = find_frame(s, outer[i], NULL);
}

/* "==17==ERROR: AddressSanitizer: heap-use-after-free on address …\nWRITE of size 1 at …". */
static bool find_report(struct finding *f, struct arena *a, struct rule *ret)
{
    static const char error[] = "==ERROR: ", name[] = "Sanitizer: ";
    const char *who = strstr(f->message, error), *what = who ? strstr(who, name) : NULL;

    if (!what || !cstr_starts(f->message, "=="))
        return false;
    who += strlen(error);
    f->meaning = arena_strndup(a, who, (size_t)(what - who) + strlen("Sanitizer"));
    what += strlen(name);
    if (cstr_starts(what, "attempting "))
        what += strlen("attempting ");

    const char *line = strchr(what, '\n'), *at = line ? strstr(line, " at ") : NULL;
    const char *on = strstr(what, " on ");

    f->message = arena_strndup(a, what, on ? (size_t)(on - what) : strcspn(what, "\n"));
    if (at)
        f->message = arena_printf(a, "%s, %.*s", f->message, (int)(at - line - 1), line + 1);
    *ret = (struct rule){.name = "sanitizer", .sentence = "{meaning} found an error: {message}"};
    return true;
}

static bool find_text(struct finding *f, struct rule *ret)
{
    const char *m = f->message;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (!cstr_starts(m, texts[i].text))
            continue;
        *ret = (struct rule){.name = texts[i].name, .sentence = texts[i].sentence};
        return true;
    }
    if (strstr(m, "ERROR:") && strstr(m, ": assertion failed")) {
        *ret = (struct rule){.name = "assertion",
                             .sentence = "An assertion of GLib's failed: {message}"};
        return true;
    }
    if (!strstr(m, "Assertion `") || !cstr_ends(m, "failed."))
        return false;
    *ret = (struct rule){.name = "assertion", .sentence = "An assertion failed{in}: {message}"};
    return true;
}

static bool find_among(struct finding *f, const struct names *s, struct rule *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        const struct function_rule *r = &functions[i];

        f->frame = find_frame(s, r->function, r->caller);
        if (f->frame == SIZE_MAX)
            continue;
        f->meaning = r->meaning;
        *ret = (struct rule){.name = r->name, .sentence = r->sentence};
        return true;
    }
    return false;
}

/* Where the end of the program began, and else in the handler. */
static bool find_function(struct finding *f, struct names *s, struct rule *ret)
{
    if (find_among(f, s, ret))
        return true;
    if (s->from == 0)
        return false;
    s->n = s->from - 1;
    s->from = 0;
    return find_among(f, s, ret);
}

static bool gives_up(int signal)
{
    return signal == FACT_SIGABRT || signal == FACT_SIGTRAP || signal == FACT_SIGILL;
}

static bool is_exception(const struct rule *r)
{
    return strcmp(r->name, "uncaught-exception") == 0;
}

static void look_at_exception(struct finding *f, struct arena *a, struct rule *r)
{
    if (exception_find(f->facts, a, &f->type, &f->what) && strcmp(f->type, "std::bad_alloc") == 0)
        *r = (struct rule){.name = MEMORY, .sentence = OUT_OF_MEMORY};
}

bool said_rule(struct finding *f, struct arena *a, struct rule *ret)
{
    struct names names;
    bool found = false;

    if (!gives_up(f->facts->signal) || f->facts->handled)
        return false;
    collect(f->facts, &names);
    if (f->facts->signal == FACT_SIGABRT && f->message) {
        find_said_frame(f, &names);
        found = find_report(f, a, ret) || find_text(f, ret);
    }
    if (!found) {
        f->message = NULL;
        found = find_function(f, &names, ret);
    }
    if (found && is_exception(ret))
        look_at_exception(f, a, ret);
    if (found)
        ret->evidence = EVIDENCE_MESSAGE | EVIDENCE_FRAME;
    return found;
}
