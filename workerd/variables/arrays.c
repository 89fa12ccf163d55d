/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of any number of dimensions: `{{1, 2}, {3 <repeats 20 times>...}}`. One of characters is a
 * text. One that does not say how long it is, as the last member of a structure may, is where it
 * is. What is equal is told by its bytes, which are read at once. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/printer.h"
#include "workerd/variables/scope.h"

#define PROBE_MAX  64u   /* bytes of an element that is looked at alone */
#define PROBES_MAX 1000u /* of one kind after each other */

/* An array whose counts are known. */
struct shape {
    struct entry type; /* of an element of all dimensions */
    uint64_t counts[TYPE_DIMENSIONS_MAX];
    uint64_t sizes[TYPE_DIMENSIONS_MAX]; /* of an element of that dimension */
    size_t n;
    struct text_unit unit;
};

/* --- Counts that are only known at run time --- */

static bool number_at(struct printer *p, const struct entry *variable, const struct place *place,
                      int64_t *ret)
{
    struct value v = {place, 0};
    struct number n = {.width = 64};
    struct entry bare;
    uint64_t size = 8;
    const char *why;

    if (type_of_bare(variable, &bare))
        type_size(&bare, &size);
    if (place->problem || size == 0 || size > 8 || !value_read(p, &v, 0, &n.bits, size, &why))
        return false;
    n.width = (unsigned)(8 * size);
    *ret = (int64_t)number_signed(&n);
    return true;
}

/* Evaluated as if it said where something lies, the number is the address. */
static bool number_of_expression(struct printer *p, const struct entry *function,
                                 const struct dimension *d, int64_t *ret)
{
    struct entry location = d->range;
    struct place place;
    uint64_t address;

    location.die.values[SLOT_LOCATION] = d->range.die.values[d->computed];
    location.die.present = UINT64_C(1) << SLOT_LOCATION;
    place_of_variable(p->frame, function, &location, p->arena, &place);
    if (place.problem || !place_address(&place, &address))
        return number_at(p, &location, &place, ret);
    *ret = (int64_t)address;
    return true;
}

static bool computed_number(struct printer *p, const struct dimension *d, int64_t *ret)
{
    const struct frame_view *f = p->frame;
    struct entry variable;
    struct scopes scopes;
    struct place place;

    if (!f->debug || !scopes_at(f->debug, f->address - f->bias, p->arena, &scopes))
        return false;
    const struct entry *function = &scopes.list[scopes.n - 1].function;

    if (!entry_follow(&d->range, d->computed, &variable))
        return number_of_expression(p, function, d, ret);
    place_of_variable(f, function, &variable, p->arena, &place);
    return number_at(p, &variable, &place, ret);
}

/* That it was read is no reading of the value. */
static bool count_at_run_time(struct printer *p, const struct dimension *d, uint64_t *ret)
{
    size_t readings = p->readings;
    const char *why = p->why;
    int64_t number, lower = 0;
    bool known = computed_number(p, d, &number);

    p->readings = readings;
    p->why = why;
    entry_signed(&d->range, SLOT_LOWER_BOUND, &lower);
    if (d->computed == SLOT_UPPER_BOUND && known)
        known = !__builtin_sub_overflow(number, lower, &number) &&
                !__builtin_add_overflow(number, 1, &number);
    if (!known || number < 0)
        return false;
    *ret = (uint64_t)number;
    return true;
}

bool array_count_in(const struct frame_view *f, const struct dimension *d, struct arena *a,
                    uint64_t *ret)
{
    struct printer p = {.arena = a, .frame = f, .work = PRINT_WORK_MAX};

    bounded_init(&p.out, PRINT_VALUE_MAX);
    return count_at_run_time(&p, d, ret);
}

/* --- Shape --- */

static bool read_counts(struct printer *p, const struct entry *bare, struct shape *s)
{
    struct dimension d[TYPE_DIMENSIONS_MAX];

    s->n = type_dimensions(bare, d, TYPE_DIMENSIONS_MAX);
    for (size_t i = 0; i < s->n; i++) {
        if (d[i].count >= 0)
            s->counts[i] = (uint64_t)d[i].count;
        else if (d[i].computed == SLOT_NONE || !count_at_run_time(p, &d[i], &s->counts[i]))
            return false;
    }
    return s->n > 0;
}

/* False when it is not known how long it is. */
static bool read_shape(struct printer *p, const struct entry *bare, struct shape *s)
{
    struct entry element;
    uint64_t size;

    if (!type_bare(&s->type, &element) || !type_size(&element, &size) || !read_counts(p, bare, s))
        return false;
    for (size_t i = s->n; i-- > 0;) {
        s->sizes[i] = size;
        if (__builtin_mul_overflow(size, s->counts[i], &size))
            return false;
    }
    return s->counts[0] > 0;
}

/* --- Elements --- */

/* As many of the first elements as can be had at once. */
struct window {
    uint8_t *bytes; /* on the heap; NULL: cannot be read as a whole */
    uint64_t n;     /* elements */
};

static struct window read_window(struct printer *p, const struct value *first, uint64_t count,
                                 uint64_t size)
{
    uint64_t n = size == 0 ? 0 : PRINT_BYTES_MAX / size;
    struct window w = {NULL, n < count ? n : count};
    const char *why;

    if (w.n == 0)
        return w;
    w.bytes = malloc((size_t)(w.n * size));
    if (w.bytes && !value_read(p, first, 0, w.bytes, (size_t)(w.n * size), &why)) {
        free(w.bytes);
        w.bytes = NULL;
    }
    return w;
}

/* An element, or why there is none. */
struct probe {
    uint8_t bytes[PROBE_MAX];
    const char *why; /* NULL: it was read */
};

static void probe(struct printer *p, const struct value *first, uint64_t i, uint64_t size,
                  struct probe *ret)
{
    struct value at;

    ret->why = PLACE_UNREADABLE;
    if (value_at(first, i * size, &at) && printer_work(p, 1) &&
        place_read(at.place, at.offset, ret->bytes, (size_t)size, &ret->why))
        ret->why = NULL;
}

/* Where some elements cannot be read, those that follow each other and are all missing for one
 * reason are equal. */
static uint64_t count_missing(struct printer *p, const struct value *first, uint64_t i,
                              uint64_t count, uint64_t size)
{
    struct probe one, next;
    uint64_t n = 1;

    if (size == 0 || size > PROBE_MAX)
        return 1;
    probe(p, first, i, size, &one);
    for (; one.why && i + n < count && n < PROBES_MAX; n++) {
        probe(p, first, i + n, size, &next);
        if (next.why != one.why)
            break;
    }
    return n;
}

static uint64_t count_equal(const struct window *w, uint64_t i, uint64_t size)
{
    uint64_t n = 1;

    while (i + n < w->n && memcmp(w->bytes + i * size, w->bytes + (i + n) * size, size) == 0)
        n++;
    return n;
}

static void add_dimension(struct printer *p, const struct shape *s, size_t dimension,
                          const struct value *v);

static void add_element(struct printer *p, const struct shape *s, size_t dimension,
                        const struct value *v)
{
    if (dimension + 1 < s->n)
        add_dimension(p, s, dimension + 1, v);
    else
        add_inner_value(p, &s->type, v);
}

/* Nothing but the bytes of elements that are looked at counts as read here, so that an array of
 * which no element can be read is one that cannot be read. */
static void add_elements_of(struct printer *p, const struct shape *s, size_t dimension,
                            const struct value *v)
{
    uint64_t count = s->counts[dimension], size = s->sizes[dimension], written = 0, i = 0;
    struct window w = read_window(p, v, count, size);
    uint64_t end = w.bytes ? w.n : count;

    while (i < end && written < PRINT_ELEMENTS_MAX && printer_work(p, 1)) {
        uint64_t equal = w.bytes ? count_equal(&w, i, size) : count_missing(p, v, i, count, size);
        struct value at;

        bounded_add(&p->out, i > 0 ? ", " : "");
        if (value_at(v, i * size, &at))
            add_element(p, s, dimension, &at);
        if (equal > PRINT_REPEATS_MIN)
            bounded_printf(&p->out, " <repeats %" PRIu64 " times>", equal);
        else
            equal = 1;
        i += equal;
        written += equal > 1 ? PRINT_REPEATS_MIN : 1;
    }
    bounded_add(&p->out, i < count ? "..." : "");
    free(w.bytes);
}

static bool add_as_text(struct printer *p, const struct shape *s, size_t dimension,
                        const struct value *v)
{
    uint64_t count = s->counts[dimension];
    struct window w = read_window(p, v, count, s->unit.width);

    if (!w.bytes)
        return false;
    struct units u = {w.bytes, (size_t)w.n, s->unit};

    add_quoted(&p->out, &u, w.n < count);
    free(w.bytes);
    return true;
}

static void add_dimension(struct printer *p, const struct shape *s, size_t dimension,
                          const struct value *v)
{
    bool rust = type_is_rust(&s->type);

    if (s->unit.width > 0 && dimension + 1 == s->n && add_as_text(p, s, dimension, v))
        return;
    bounded_add(&p->out, rust ? "[" : "{");
    add_elements_of(p, s, dimension, v);
    bounded_add(&p->out, rust ? "]" : "}");
}

/* --- What says nothing of its length --- */

static void add_place(struct printer *p, const struct shape *s, const struct value *v)
{
    uint64_t address;

    if (!value_address_of(v, &address)) {
        add_why(p, PLACE_UNREADABLE);
        return;
    }
    p->readings++;
    add_address(p, address);
    if (s->unit.width == 0)
        return;
    bounded_add(&p->out, " ");
    add_text_at(p, v, address, -1, s->unit);
}

void add_array(struct printer *p, const struct entry *bare, const struct value *v)
{
    struct shape s;

    if (!type_of(bare, &s.type)) {
        add_no_type(p);
        return;
    }
    s.unit = type_is_rust(bare) ? (struct text_unit){0, ""} : type_text_unit(&s.type);
    if (read_shape(p, bare, &s))
        add_dimension(p, &s, 0, v);
    else if (type_is_rust(bare))
        bounded_add(&p->out, "[]");
    else
        add_place(p, &s, v);
}

void add_elements(struct printer *p, const struct elements *e)
{
    struct shape s = {.type = *e->type, .counts = {e->count}, .sizes = {e->size}, .n = 1};

    add_dimension(p, &s, 0, &e->first);
}
