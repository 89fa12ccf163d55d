/* SPDX-License-Identifier: Apache-2.0 */
/* libstdc++'s std::string as its text, which is what people look for. A compiler may leave
 * definitions to the library's debug information (clang does); then what libstdc++ has fixed for
 * good, a pointer and then the length, is taken from where it always is. */
#include <string.h>

#include "workerd/variables/printer.h"

struct std_string {
    uint64_t text, n;
    struct text_unit unit;
};

static bool read_word(struct printer *p, const struct value *v, uint64_t from, uint64_t *ret)
{
    size_t size = layout_word_size(p->frame->image->layout);
    uint64_t word = 0;
    const char *why;

    if (!value_read(p, v, from, &word, size, &why))
        return false;
    *ret = word;
    return true;
}

static struct text_unit unit_of(const char *name)
{
    static const struct {
        const char *start;
        struct text_unit unit;
    } kinds[] = {
        {"basic_string<char,", {1, ""}},      {"basic_string<wchar_t,", {4, "L"}},
        {"basic_string<char8_t,", {1, ""}},   {"basic_string<char16_t,", {2, "u"}},
        {"basic_string<char32_t,", {4, "U"}},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name_starts(name, kinds[i].start))
            return kinds[i].unit;
    return (struct text_unit){0, ""};
}

static bool by_members(struct printer *p, const struct entry *bare, const struct value *v,
                       struct std_string *ret)
{
    struct entry plus, pointer, length, bare_plus;
    struct member m, inner;

    return struct_member(p, bare, "_M_dataplus", &plus) && member_of(p, &plus, v, &m) &&
           type_bare(&m.type, &bare_plus) && struct_member(p, &bare_plus, "_M_p", &pointer) &&
           member_of(p, &pointer, &m.value, &inner) && inner.bits == 0 &&
           read_word(p, &inner.value, 0, &ret->text) &&
           struct_member(p, bare, "_M_string_length", &length) && member_of(p, &length, v, &m) &&
           m.bits == 0 && read_word(p, &m.value, 0, &ret->n);
}

static bool by_layout(struct printer *p, const struct entry *bare, const struct value *v,
                      struct std_string *ret)
{
    return name_starts(type_name(bare), "std::__cxx11::") && read_word(p, v, 0, &ret->text) &&
           read_word(p, v, layout_word_size(p->frame->image->layout), &ret->n);
}

bool add_std_string(struct printer *p, const struct entry *bare, const struct value *v)
{
    struct text_unit unit = unit_of(entry_text(bare, SLOT_NAME));
    size_t readings = p->readings;
    const char *why = p->why;
    struct std_string s;
    uint32_t first;

    if (unit.width > 0 && (by_members(p, bare, v, &s) || by_layout(p, bare, v, &s)) &&
        s.n <= INT64_MAX && (s.n == 0 || memory_read(p, v, s.text, &first, unit.width))) {
        add_text_at(p, v, s.text, (int64_t)s.n, unit);
        return true;
    }
    p->readings = readings;
    p->why = why;
    return false;
}
