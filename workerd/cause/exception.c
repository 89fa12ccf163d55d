/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/cause/exception.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define WORDS_SEARCHED 512u /* of the stack */
#define NAME_SIZE      256u /* of a type's name that is read */
#define NAME_PIECE     64u  /* … with one question */
#define WHAT_SIZE      200u
#define BASES_MAX      3u

/* "GNUCC++\0", "CLNGC++\0": exception_class of the one that was thrown. */
#define CLASS_GNU   UINT64_C(0x474e5543432b2b00)
#define CLASS_CLANG UINT64_C(0x434c4e47432b2b00)

/* Of struct __cxa_exception, which ends with struct _Unwind_Exception. */
enum {
    TYPE_BEFORE_HEADER = 80,
    OBJECT_BEHIND_HEADER = 32,
};

/* Of a type_info: its virtual table, its name, and for a class with one base that of the base. */
enum { TYPE_NAME = 8, TYPE_BASE = 16 };

static bool is_mangled(const char *s, size_t n)
{
    size_t length = strnlen(s, n);

    if (length == 0 || length == n)
        return false;
    for (size_t i = 0; i < length; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return true;
}

/* Type information is a constant where nothing had to be relocated. */
static bool read_word(const struct facts *f, uint64_t address, uint64_t *ret)
{
    uint64_t word;

    if (facts_read(f, address, &word, sizeof word) != sizeof word)
        return false;
    *ret = word;
    return true;
}

/* Constants may end before as many bytes as are asked for: one after the other, then. */
static size_t read_piece(const struct facts *f, uint64_t at, char ret[static NAME_PIECE])
{
    size_t n = facts_read(f, at, ret, NAME_PIECE);

    while (n < NAME_PIECE && facts_read(f, at + n, ret + n, 1) == 1 && ret[n] != '\0')
        n++;
    return n;
}

static bool read_name(const struct facts *f, uint64_t type, char ret[static NAME_SIZE])
{
    uint64_t name;

    memset(ret, 0, NAME_SIZE);
    if (!read_word(f, type + TYPE_NAME, &name) || name == 0)
        return false;
    for (size_t n = 0; n < NAME_SIZE && !memchr(ret, '\0', n); n += NAME_PIECE)
        if (read_piece(f, name + n, ret + n) < NAME_PIECE)
            break;
    if (ret[0] == '*') /* not to be compared by address */
        memmove(ret, ret + 1, NAME_SIZE - 1);
    return is_mangled(ret, NAME_SIZE);
}

/* As libstdc++ writes it: "std::out_of_range", "char const*". */
static const char *readable_name(const struct facts *f, const char *mangled, struct arena *a)
{
    static const char prefix[] = "typeinfo for ";
    const char *symbol = arena_printf(a, "_ZTI%s", mangled);
    const char *text = f->in->demangle ? f->in->demangle(symbol, a) : symbol;

    return cstr_starts(text, prefix) ? text + strlen(prefix) : arena_strdup(a, mangled);
}

/* --- Texts --- */

/* Those that keep a pointer to their text behind the virtual table. */
static bool keeps_text(const char *mangled)
{
    static const char *const types[] = {
        "St13runtime_error",   "St11logic_error",  "St16invalid_argument", "St12out_of_range",
        "St12length_error",    "St12domain_error", "St11range_error",      "St14overflow_error",
        "St15underflow_error", "St12system_error"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i], mangled) == 0)
            return true;
    return false;
}

static bool is_kept_text(const struct facts *f, uint64_t type)
{
    char name[NAME_SIZE];

    for (unsigned i = 0; i < BASES_MAX; i++) {
        if (!read_name(f, type, name))
            return false;
        if (keeps_text(name))
            return true;
        if (!read_word(f, type + TYPE_BASE, &type))
            return false;
    }
    return false;
}

/* As much of it as the memory has. */
static const char *read_text(const struct facts *f, uint64_t object, struct arena *a)
{
    char text[WHAT_SIZE + 1] = "";
    uint64_t at;
    size_t n = 0;

    if (!facts_word(f, object + 8, &at))
        return NULL;
    while (n < WHAT_SIZE && image_read(f->in->image, at + n, text + n, 1) && text[n] != '\0')
        n++;
    text[n] = '\0';
    return n > 0 ? arena_strdup(a, text) : NULL;
}

/* --- The exception --- */

static bool is_header(const struct facts *f, uint64_t address)
{
    uint64_t class;

    return address % 16 == 0 && address != 0 && is_canonical(address) &&
           facts_word(f, address, &class) && (class == CLASS_GNU || class == CLASS_CLANG);
}

static uint64_t find_header(const struct facts *f)
{
    uint64_t word;

    for (unsigned i = 0; i < WORDS_SEARCHED && facts_word(f, f->sp + 8 * (uint64_t)i, &word); i++)
        if (is_header(f, word))
            return word;
    return 0;
}

bool exception_find(const struct facts *f, struct arena *a, const char **ret_type,
                    const char **ret_what)
{
    uint64_t header = f->amd64 ? find_header(f) : 0, type;
    char name[NAME_SIZE];

    if (header == 0 || !facts_word(f, header - TYPE_BEFORE_HEADER, &type) ||
        !read_name(f, type, name))
        return false;
    *ret_type = readable_name(f, name, a);
    *ret_what = is_kept_text(f, type) ? read_text(f, header + OBJECT_BEHIND_HEADER, a) : NULL;
    return true;
}
