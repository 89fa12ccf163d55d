/* SPDX-License-Identifier: Apache-2.0 */
/* A message's detail is found by a table of wordings: after which text it begins, and at which of
 * some texts it ends. The first row whose beginning is in the message is taken. */
#include "workerd/grouping/message.h"

#include <ctype.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "workerd/grouping/normalise.h"

#define ENDS_MAX 4

struct wording {
    const char *before;
    const char *ends[ENDS_MAX]; /* the first of them that follows; none: the line's end */
};

static const struct wording assertions[] = {
    {"Assertion `", {"' failed"}}, /* glibc */
    {"Assertion '", {"' failed"}}, /* libstdc++, gdb's view of glibc's */
    {"Assertion \"", {"\" failed"}},
    {"assertion \"", {"\" failed"}}, /* bionic, newlib */
    {"assertion '", {"' failed"}},   /* glib */
    {"assertion `", {"' failed", "` failed"}},
    {"Assertion failed: (", {"), function", "), file"}},    /* BSD */
    {"Assertion failed: ", {" (", ", function", ", file"}}, /* musl, Windows */
    {"Assertion ", {" failed"}},                            /* boost, LLVM */
    {"assertion failed: ", {"\n"}},                         /* glib, OpenSSL */
    {"assertion failed (", {"):", ")"}},                    /* g_assert_cmpint */
    {"Check failed: ", {" (", "\n"}},                       /* glog, abseil, Chromium */
    {"Failed assertion: ", {NULL}},
    {"assert failure: ", {". Details: ", "\n"}}, /* Envoy */
    {"MOZ_RELEASE_ASSERT(", {") (", ")"}},
    {"MOZ_DIAGNOSTIC_ASSERT(", {") (", ")"}},
    {"MOZ_ASSERT(", {") (", ")"}},
    {"ASSERT: \"", {"\" in"}}, /* Qt */
    {"ASSERT failure in ", {", file"}},
    {"assertion ", {" failed"}}, /* libc++ */
};

static const struct wording exceptions[] = {
    {"an instance of '", {"'"}},                   /* libstdc++ */
    {"uncaught exception of type ", {": ", "\n"}}, /* libc++ */
    {"exception of type ", {": "}},
    {"dynamic exception type: ", {"\n"}}, /* boost */
};

static const struct wording panics[] = {
    {"panicked at '", {"', ", "'\n", "'"}}, /* Rust until 1.72 */
    {"panic: ", {"\n", " [recovered]"}},    /* Go */
    {"fatal error: ", {NULL}},
};

static const struct wording sanitizers[] = {
    {"Sanitizer: attempting ", {" on ", " in "}},
    {"Sanitizer: ", {" on ", " (", " in "}},
    {"runtime error: ", {" for type", " of type", " which ", ": "}},
};

/* --- Finding --- */

static struct str cut_at(struct str s, const char *end)
{
    ptrdiff_t at = end ? str_find(s, str_from(end)) : -1;

    return at >= 0 ? (struct str){s.p, (size_t)at} : s;
}

static struct str find_wording(const char *message, const struct wording *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *start = strstr(message, w[i].before);
        struct str s;

        if (!start)
            continue;
        s = str_from(start + strlen(w[i].before));
        for (size_t k = 0; k < ENDS_MAX; k++) {
            struct str shorter = cut_at(s, w[i].ends[k]);

            if (shorter.n < s.n) {
                s = shorter;
                break;
            }
        }
        return str_trim(cut_at(s, "\n"));
    }
    return (struct str){NULL, 0};
}

static struct str first_line(const char *text)
{
    return str_trim(cut_at(str_trim(str_from(text)), "\n"));
}

static bool is_wrapped(struct str s, char open, char close)
{
    return s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close;
}

/* Parentheses around all of it, and Chromium's full stop. */
static struct str without_wrapping(struct str s)
{
    if (s.n > 1 && s.p[s.n - 1] == '.' && s.p[s.n - 2] != '.')
        s.n--;
    while (is_wrapped(s, '(', ')') && memchr(s.p + 1, ')', s.n - 2) == NULL)
        s = str_trim((struct str){s.p + 1, s.n - 2});
    return s;
}

/* "panicked at src/main.rs:9:5:\nindex out of bounds": since Rust 1.73 the message has lines of its
 * own. */
static struct str find_panic(const char *message)
{
    const char *at = strstr(message, "panicked at ");
    const char *line = at ? strchr(at, '\n') : NULL;

    if (at && line && line > at && line[-1] == ':')
        return first_line(line + 1);
    return find_wording(message, panics, ARRAY_SIZE(panics));
}

/* --- What a sanitizer found --- */

static const struct {
    const char *found, *called;
} findings[] = {
    {"SEGV", "SIGSEGV"},         {"BUS", "SIGBUS"},
    {"FPE", "division by zero"}, {"ILL", "SIGILL"},
    {"ABRT", "abort"},           {"TRAP", "SIGTRAP"},
    {"free", "bad-free"},        {"detected memory leaks", "memory leak"},
};

static bool is_value(const char *word, size_t n)
{
    return n > 0 && (isdigit((unsigned char)word[0]) ||
                     (n > 1 && word[0] == '-' && isdigit((unsigned char)word[1])));
}

/* "index 7 out of bounds" is "index out of bounds". */
static const char *without_values(struct str s, struct arena *a)
{
    char *text = arena_alloc(a, s.n + 1);
    size_t n = 0;
    struct str rest = s, word;

    while (str_split(&rest, ' ', &word)) {
        if (word.n == 0 || is_value(word.p, word.n))
            continue;
        if (n > 0)
            text[n++] = ' ';
        memcpy(text + n, word.p, word.n);
        n += word.n;
    }
    return text;
}

static const char *sanitizer_finding(const char *message, struct arena *a)
{
    struct str s = find_wording(message, sanitizers, ARRAY_SIZE(sanitizers));

    if (!s.p || s.n == 0)
        return NULL;
    if (memchr(s.p, '/', s.n)) /* "SUMMARY: AddressSanitizer: heap-use-after-free /src/a.c:3" */
        s = cut_at(s, " /");
    for (size_t i = 0; i < ARRAY_SIZE(findings); i++) {
        if (str_eq(s, str_from(findings[i].found)))
            return findings[i].called;
    }
    return without_values(s, a);
}

/* --- Detail --- */

/* Their message is the whole line, without the stars that glibc puts around some of them. */
static struct str whole_message(const char *message)
{
    struct str s = first_line(message);

    if (str_starts(s, STR("*** ")))
        s = (struct str){s.p + 4, s.n - 4};
    s = cut_at(cut_at(s, ": terminated"), " ***");
    return str_trim(s);
}

static struct str detail_of(enum crash_kind kind, const char *message, struct arena *a)
{
    switch (kind) {
    case CRASH_ASSERTION:
        return without_wrapping(find_wording(message, assertions, ARRAY_SIZE(assertions)));
    case CRASH_EXCEPTION:
        return find_wording(message, exceptions, ARRAY_SIZE(exceptions));
    case CRASH_PANIC:
        return find_panic(message);
    case CRASH_SANITIZER:
    case CRASH_UNDEFINED:
    case CRASH_RACE:
    case CRASH_LEAK:
        return str_from(sanitizer_finding(message, a));
    case CRASH_HEAP:
    case CRASH_FATAL:
        return whole_message(message);
    default:
        return (struct str){NULL, 0};
    }
}

static void make_one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

static const char *bounded_line(struct str s, struct arena *a)
{
    char *text = arena_strndup(a, s.p, s.n);

    utf8_repair(text, s.n);
    make_one_line(text);
    if (s.n > MESSAGE_DETAIL_MAX)
        text[utf8_valid_prefix(text, MESSAGE_DETAIL_MAX)] = '\0';
    return text;
}

const char *message_detail(enum crash_kind kind, const char *message, struct arena *a)
{
    struct str s = message ? detail_of(kind, message, a) : (struct str){NULL, 0};

    return s.n > 0 ? bounded_line(s, a) : NULL;
}

const char *message_type(const char *type, struct arena *a)
{
    return bounded_line(str_from(type), a);
}

/* --- Parameters --- */

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The length of the run of bytes that satisfy a set. */
static size_t span(const char *s, const char *allowed)
{
    return strspn(s, allowed);
}

/* A number, an address or an id at s, with what continues it: "0x1f", "3.5", "10.0.0.1:80",
 * "6b1f…-…". 0 when there is none. */
static size_t parameter_length(const char *s)
{
    static const char hex[] = "0123456789abcdefABCDEF", digits[] = "0123456789";
    size_t n = span(s, hex);

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && span(s + 2, hex) > 0)
        return 2 + span(s + 2, hex);
    if (n >= 8 && strcspn(s, digits) < n && !in_word(s[n])) {
        while (s[n] == '-' && span(s + n + 1, hex) >= 4)
            n += 1 + span(s + n + 1, hex);
        return n;
    }
    n = span(s, digits);
    while (n > 0 && s[n] && strchr(".:,", s[n]) && isdigit((unsigned char)s[n + 1]))
        n += 1 + span(s + n + 1, digits);
    return n;
}

/* A value in quotes at s, quotes included, or 0. */
static size_t quoted_length(const char *s, char before)
{
    const char *end;

    if ((*s != '"' && *s != '\'') || in_word(before))
        return 0;
    end = strchr(s + 1, *s);
    return end && (*s == '"' || !in_word(end[1])) ? (size_t)(end + 1 - s) : 0;
}

static size_t path_length(const char *s, char before)
{
    size_t n = strcspn(s, " \t\n\"'`()[]{}<>,;");

    if (*s != '/' || in_word(before) || before == '/' || n < 2)
        return 0;
    while (n > 1 && strchr(".:", s[n - 1]))
        n--;
    return n;
}

const char *message_without_parameters(const char *text, struct arena *a)
{
    char *out = arena_alloc(a, 2 * strlen(text) + 1);
    size_t n = 0;
    char before = ' ';

    for (const char *p = text; *p && *p != '\n';) {
        size_t quoted = quoted_length(p, before), path = path_length(p, before);
        size_t parameter = in_word(before) ? 0 : parameter_length(p);
        size_t taken = quoted ? quoted : path ? path : parameter;

        if (quoted) {
            out[n++] = '"';
            out[n++] = '"';
        } else {
            out[n++] = (char)(path ? '/' : parameter ? '#' : *p);
        }
        p += taken ? taken : 1;
        before = p[-1];
    }
    return out;
}

/* --- Types in functions' names --- */

static const char *const thrown[][2] = {
    {"bad_alloc", "std::bad_alloc"},
    {"bad_array_new_length", "std::bad_array_new_length"},
    {"bad_cast", "std::bad_cast"},
    {"bad_typeid", "std::bad_typeid"},
    {"bad_exception", "std::bad_exception"},
    {"bad_function_call", "std::bad_function_call"},
    {"bad_weak_ptr", "std::bad_weak_ptr"},
    {"bad_optional_access", "std::bad_optional_access"},
    {"bad_variant_access", "std::bad_variant_access"},
    {"bad_any_cast", "std::bad_any_cast"},
    {"logic_error", "std::logic_error"},
    {"domain_error", "std::domain_error"},
    {"invalid_argument", "std::invalid_argument"},
    {"length_error", "std::length_error"},
    {"out_of_range_fmt", "std::out_of_range"},
    {"out_of_range", "std::out_of_range"},
    {"runtime_error", "std::runtime_error"},
    {"range_error", "std::range_error"},
    {"overflow_error", "std::overflow_error"},
    {"underflow_error", "std::underflow_error"},
    {"ios_failure", "std::ios_base::failure"},
    {"system_error", "std::system_error"},
    {"future_error", "std::future_error"},
    {"regex_error", "std::regex_error"},
    {"fs_error", "std::filesystem::filesystem_error"},
};

static const char *type_of_thrower(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(thrown); i++) {
        if (strcmp(name, thrown[i][0]) == 0)
            return thrown[i][1];
    }
    return NULL;
}

/* boost::throw_exception<boost::bad_lexical_cast>(...) */
static const char *template_argument(const char *raw, struct arena *a)
{
    const char *open = raw ? strchr(raw, '<') : NULL;
    size_t n = open ? strcspn(open + 1, "<>,(") : 0;

    return n > 0 ? arena_strndup(a, open + 1, n) : NULL;
}

const char *message_thrown_type(const char *normalised, const char *raw, struct arena *a)
{
    const char *at = strstr(normalised, "__throw_");

    if (at)
        return type_of_thrower(at + strlen("__throw_"));
    if (cstr_starts(normalised, "__cxa_throw_bad_array"))
        return "std::bad_array_new_length";
    if (cstr_starts(normalised, "__cxa_bad_"))
        return type_of_thrower(normalised + strlen("__cxa_"));
    if (cstr_starts(normalised, "operator new"))
        return "std::bad_alloc";
    if (strstr(normalised, "boost::throw_exception") || strstr(normalised, "throw_exception_"))
        return template_argument(raw, a);
    return NULL;
}
