/* SPDX-License-Identifier: Apache-2.0 */
/* A type's name in the syntax of C and C++, where what a declaration says stands on both sides of a
 * name that is not there: "int (*(*)(int))(char)", "const char * const [2]". The type is followed
 * from the outside in, pointer by pointer, to the type that has a name; then written from there
 * outwards, first what stands before the missing name, then what stands behind it. This is gdb's
 * c_print_type (gdb/c-typeprint.c). Other languages' names are taken as they are. */
#include "workerd/variables/print.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/printer.h"

#define DERIVED_MAX   16u /* pointers, arrays and functions of one name */
#define NESTING_MAX   3u  /* of functions that take functions */
#define ARGUMENTS_MAX 16u

enum qualifier {
    QUALIFIER_CONST = 1,
    QUALIFIER_VOLATILE = 2,
    QUALIFIER_RESTRICT = 4,
    QUALIFIER_ATOMIC = 8,
};

struct derived {
    struct entry type;
    unsigned qualifiers;
};

struct declarator {
    const struct frame_view *frame; /* where lengths are looked up; NULL: nowhere */
    struct arena *arena;
    struct derived parts[DERIVED_MAX];
    size_t n;
    struct entry named; /* what all of it is made of */
    bool is_void, unknown;
    unsigned qualifiers;
};

static void add_type(struct bounded *t, const struct entry *of, unsigned nesting);

/* --- Names --- */

/* gdb writes the names of numbers in one way, whatever the compiler calls them. */
static size_t tidy_word(const char *p, const char **ret)
{
    static const struct {
        const char *from, *to;
    } names[] = {
        {"long long unsigned int", "unsigned long long"},
        {"long unsigned int", "unsigned long"},
        {"short unsigned int", "unsigned short"},
        {"long long int", "long long"},
        {"long int", "long"},
        {"short int", "short"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i].from);
        char end = 0;

        if (strncmp(p, names[i].from, n) == 0)
            end = p[n];
        else
            continue;
        if (end == '\0' || strchr(" ,>*&[)", end)) {
            *ret = names[i].to;
            return n;
        }
    }
    return 0;
}

static bool begins_word(const char *name, const char *p)
{
    return p == name || strchr("<, (", p[-1]);
}

static void add_tidy(struct bounded *t, const char *name)
{
    const char *to;

    for (const char *p = name; *p && !t->full;) {
        size_t n = begins_word(name, p) ? tidy_word(p, &to) : 0;

        if (n > 0)
            bounded_add(t, to);
        else
            bounded_slice(t, (struct str){p, 1});
        if (n == 0 && p[0] == '>' && p[1] == '>')
            bounded_add(t, " ");
        p += n > 0 ? n : 1;
    }
}

static const char *keyword(const struct entry *type)
{
    switch (entry_tag(type)) {
    case DW_TAG_structure_type:
        return "struct ";
    case DW_TAG_class_type:
        return "class ";
    case DW_TAG_union_type:
        return "union ";
    case DW_TAG_enumeration_type:
        return "enum ";
    default:
        return NULL;
    }
}

void add_type_name(struct bounded *t, const struct entry *type)
{
    const char *name = type_name(type);

    if (!name || type_is_rust(type))
        bounded_add(t, name ? name : "?");
    else
        add_tidy(t, name);
}

static void add_named(struct bounded *t, const struct entry *type)
{
    const char *name = type_name(type), *word = keyword(type);

    if (word && (!name || type_is_c(type)))
        bounded_add(t, word);
    if (!name && word)
        bounded_add(t, "{...}");
    else
        add_type_name(t, type);
}

/* --- From the outside in --- */

static unsigned qualifier_of(unsigned tag)
{
    switch (tag) {
    case DW_TAG_const_type:
        return QUALIFIER_CONST;
    case DW_TAG_volatile_type:
        return QUALIFIER_VOLATILE;
    case DW_TAG_restrict_type:
        return QUALIFIER_RESTRICT;
    case DW_TAG_atomic_type:
        return QUALIFIER_ATOMIC;
    default:
        return 0;
    }
}

/* Rust's pointers have names of their own. */
static bool is_derived(const struct entry *type)
{
    switch (entry_tag(type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
    case DW_TAG_ptr_to_member_type:
    case DW_TAG_array_type:
    case DW_TAG_subroutine_type:
        return !type_is_rust(type) || !entry_text(type, SLOT_NAME);
    default:
        return false;
    }
}

/* The next type, or nothing further. */
static bool step(struct entry *t, struct declarator *d)
{
    d->is_void = !die_value(&t->die, SLOT_TYPE);
    return !d->is_void && type_of(t, t);
}

/* What qualifies an array qualifies its elements. */
static void take_apart(const struct entry *type, struct declarator *d)
{
    struct entry t = *type;

    for (unsigned i = 0; i < TYPE_CHAIN_MAX; i++) {
        if (i > 0 && !step(&t, d))
            break;
        unsigned q = qualifier_of(entry_tag(&t));

        d->qualifiers |= q;
        if (q != 0)
            continue;
        if (!is_derived(&t)) {
            d->named = t;
            return;
        }
        if (d->n == DERIVED_MAX)
            break;
        bool array = entry_tag(&t) == DW_TAG_array_type;

        d->parts[d->n++] = (struct derived){t, array ? 0 : d->qualifiers};
        d->qualifiers = array ? d->qualifiers : 0;
    }
    d->unknown = !d->is_void;
}

/* --- What stands before the name --- */

static void add_qualifiers(struct bounded *t, const struct entry *of, unsigned qualifiers,
                           bool before, bool behind)
{
    static const char *const words[] = {"const", "volatile", "restrict", "_Atomic"};
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!(qualifiers & 1u << i))
            continue;
        if (any || before)
            bounded_add(t, " ");
        bounded_add(t, 1u << i == QUALIFIER_RESTRICT && !type_is_c(of) ? "__restrict__" : words[i]);
        any = true;
    }
    if (any && behind)
        bounded_add(t, " ");
}

static bool is_pointing(const struct entry *type)
{
    switch (entry_tag(type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
    case DW_TAG_ptr_to_member_type:
        return true;
    default:
        return false;
    }
}

/* Of a pointer to a method: its class is that of the first argument. */
static bool class_of_method(const struct entry *method, struct entry *ret)
{
    struct entry argument, pointer;

    return entry_child(method, &argument) && entry_flag(&argument, SLOT_ARTIFICIAL) &&
           type_of_bare(&argument, &pointer) && type_of_bare(&pointer, ret);
}

/* `this`, which no method can change, though compilers do not say so. */
static bool is_this(const struct entry *argument)
{
    return entry_flag(argument, SLOT_ARTIFICIAL) && !type_is_c(argument);
}

static void add_class(struct bounded *t, const struct entry *member_pointer)
{
    struct entry target, class;

    if (entry_follow(member_pointer, SLOT_CONTAINING_TYPE, &class) ||
        (type_of_bare(member_pointer, &target) && class_of_method(&target, &class)))
        add_named(t, &class);
    bounded_add(t, "::*");
}

static void add_before(struct bounded *t, const struct declarator *d, size_t i)
{
    const struct derived *p = &d->parts[i];
    bool space = i > 0 && entry_tag(&d->parts[i - 1].type) == DW_TAG_pointer_type;

    switch (entry_tag(&p->type)) {
    case DW_TAG_pointer_type:
        bounded_add(t, "*");
        add_qualifiers(t, &p->type, p->qualifiers, true, space);
        break;
    case DW_TAG_reference_type:
        bounded_add(t, "&");
        break;
    case DW_TAG_rvalue_reference_type:
        bounded_add(t, "&&");
        break;
    case DW_TAG_ptr_to_member_type:
        add_class(t, &p->type);
        add_qualifiers(t, &p->type, p->qualifiers, true, space);
        break;
    default: /* an array, a function */
        if (i > 0 && is_pointing(&d->parts[i - 1].type))
            bounded_add(t, "(");
        break;
    }
}

/* --- What stands behind it --- */

/* Of the variable itself; what a pointer leads to may be anything. */
static bool has_length(const struct declarator *d, size_t i, const struct dimension *dimension,
                       uint64_t *ret)
{
    for (size_t outer = 0; outer < i; outer++)
        if (is_pointing(&d->parts[outer].type))
            return false;
    return d->frame && array_count_in(d->frame, dimension, d->arena, ret);
}

static void add_dimensions(struct bounded *t, const struct declarator *declarator, size_t part)
{
    struct dimension d[TYPE_DIMENSIONS_MAX];
    size_t n = type_dimensions(&declarator->parts[part].type, d, TYPE_DIMENSIONS_MAX);
    uint64_t count;

    for (size_t i = 0; i < n; i++) {
        if (d[i].count >= 0)
            bounded_printf(t, "[%lld]", (long long)d[i].count);
        else if (d[i].computed == SLOT_NONE)
            bounded_add(t, "[]");
        else if (has_length(declarator, part, &d[i], &count))
            bounded_printf(t, "[%llu]", (unsigned long long)count);
        else
            bounded_add(t, "[variable length]");
    }
    if (n == 0)
        bounded_add(t, "[]");
}

static void add_arguments(struct bounded *t, const struct entry *function, unsigned nesting)
{
    bool open = false; /* takes what it is given */
    struct entry c;
    size_t n = 0;

    bounded_add(t, "(");
    for (bool more = nesting < NESTING_MAX && entry_child(function, &c); more && !t->full;
         more = entry_sibling(&c)) {
        open |= entry_tag(&c) == DW_TAG_unspecified_parameters;
        if (entry_tag(&c) != DW_TAG_formal_parameter || n == ARGUMENTS_MAX)
            continue;
        bounded_add(t, n++ > 0 ? ", " : "");
        add_type(t, &c, nesting + 1);
        bounded_add(t, is_this(&c) ? " const" : "");
    }
    if (open && (n > 0 || !type_is_c(function)))
        bounded_add(t, n > 0 ? ", ..." : "...");
    else if (n == 0 && !open)
        bounded_add(t, nesting < NESTING_MAX ? "void" : "...");
    bounded_add(t, ")");
}

static void add_behind(struct bounded *t, const struct declarator *d, size_t i, unsigned nesting)
{
    const struct entry *type = &d->parts[i].type;

    if (is_pointing(type))
        return;
    if (i > 0 && is_pointing(&d->parts[i - 1].type))
        bounded_add(t, ")");
    if (entry_tag(type) == DW_TAG_array_type)
        add_dimensions(t, d, i);
    else
        add_arguments(t, type, nesting);
}

/* --- All of it --- */

static void add_rust(struct bounded *t, const struct declarator *d)
{
    struct dimension size;

    for (size_t i = 0; i < d->n; i++)
        bounded_add(t, entry_tag(&d->parts[i].type) == DW_TAG_array_type ? "[" : "*mut ");
    if (d->is_void || d->unknown)
        bounded_add(t, d->is_void ? "()" : "?");
    else
        add_named(t, &d->named);
    for (size_t i = d->n; i-- > 0;)
        if (entry_tag(&d->parts[i].type) == DW_TAG_array_type) {
            if (type_dimensions(&d->parts[i].type, &size, 1) == 1 && size.count >= 0)
                bounded_printf(t, "; %lld", (long long)size.count);
            bounded_add(t, "]");
        }
}

static void add_declarator(struct bounded *t, const struct entry *of, struct declarator *d,
                           unsigned nesting)
{
    if (type_is_rust(of)) {
        add_rust(t, d);
        return;
    }
    add_qualifiers(t, of, d->qualifiers, false, true);
    if (d->is_void || d->unknown)
        bounded_add(t, d->is_void ? "void" : "?");
    else
        add_named(t, &d->named);
    bounded_add(t, d->n > 0 ? " " : "");
    for (size_t i = d->n; i-- > 0;)
        add_before(t, d, i);
    for (size_t i = 0; i < d->n; i++)
        add_behind(t, d, i, nesting);
}

static void begin(struct declarator *d, const struct frame_view *f, struct arena *a)
{
    d->frame = f;
    d->arena = a;
    d->n = 0;
    d->qualifiers = 0;
    d->is_void = d->unknown = false;
}

static void add_type_of(struct bounded *t, const struct entry *of, struct declarator *d,
                        unsigned nesting)
{
    struct entry type = *of;

    if (step(&type, d))
        take_apart(&type, d);
    else
        d->unknown = !d->is_void;
    add_declarator(t, of, d, nesting);
}

static void add_type(struct bounded *t, const struct entry *of, unsigned nesting)
{
    struct declarator d;

    begin(&d, NULL, NULL);
    add_type_of(t, of, &d, nesting);
}

const char *print_type_in(const struct frame_view *f, const struct entry *of, struct arena *a)
{
    struct declarator d;
    struct bounded t;

    bounded_init(&t, PRINT_TYPE_MAX);
    begin(&d, f, a);
    add_type_of(&t, of, &d, 0);
    return bounded_keep(&t, a);
}

const char *print_type(const struct entry *of, struct arena *a)
{
    return print_type_in(NULL, of, a);
}

const char *print_type_itself(const struct entry *type, struct arena *a)
{
    struct declarator d;
    struct bounded t;

    bounded_init(&t, PRINT_TYPE_MAX);
    begin(&d, NULL, NULL);
    take_apart(type, &d);
    add_declarator(&t, type, &d, 0);
    return bounded_keep(&t, a);
}
