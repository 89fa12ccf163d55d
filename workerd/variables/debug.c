/* SPDX-License-Identifier: Apache-2.0 */
/* The indexer's reader with all attributes instead of a function's. Sections are brought in by what
 * a value's form leads to; .debug_addr always, for a unit's own address may lie in it. */
#include "workerd/variables/debug.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/opened.h"

#define STEP_COST      24u        /* of going to another DIE; see effort.h */
#define EFFORT_ALWAYS  (8u << 20) /* of a module's questions together, and … */
#define EFFORT_OF_INFO 4u         /* … for each byte of .debug_info */
#define TYPES          (1u << 31) /* in signatures: a unit of .debug_types */

/* --- Sections --- */

#define NOT_IN_DWARF SIZE_MAX

static const struct {
    const char *name;
    size_t at; /* in struct dwarf */
} sections[DEBUG_SECTIONS] = {
    [DEBUG_STR] = {".debug_str", offsetof(struct dwarf, str)},
    [DEBUG_LINE_STR] = {".debug_line_str", offsetof(struct dwarf, line_str)},
    [DEBUG_STR_OFFSETS] = {".debug_str_offsets", offsetof(struct dwarf, str_offsets)},
    [DEBUG_RANGES] = {".debug_ranges", offsetof(struct dwarf, ranges)},
    [DEBUG_RNGLISTS] = {".debug_rnglists", offsetof(struct dwarf, rnglists)},
    [DEBUG_LOC] = {".debug_loc", NOT_IN_DWARF},
    [DEBUG_LOCLISTS] = {".debug_loclists", NOT_IN_DWARF},
    [DEBUG_ARANGES] = {".debug_aranges", NOT_IN_DWARF},
};

static void put_section(struct dwarf *d, size_t at, struct span s)
{
    memcpy((char *)d + at, &s, sizeof s);
}

static struct span load(struct debug_file *f, enum debug_section s)
{
    if (f->loaded & 1u << s || !f->container.sections)
        return f->late[s];
    f->loaded |= 1u << s;
    f->late[s] = container_named(&f->container, sections[s].name);
    if (sections[s].at == NOT_IN_DWARF)
        return f->late[s];
    put_section(&f->dwarf, sections[s].at, f->late[s]);
    put_section(&f->types_dwarf, sections[s].at, f->late[s]);
    if (s == DEBUG_STR || s == DEBUG_LINE_STR) {
        info_take_texts(&f->info);
        info_take_texts(&f->types);
    }
    return f->late[s];
}

static struct debug_file *file_of(struct debug *d, const struct info *x)
{
    return x == &d->shared.info || x == &d->shared.types ? &d->shared : &d->own;
}

struct span debug_section(struct debug *d, const struct info *x, enum debug_section s)
{
    return load(file_of(d, x), s);
}

/* What a text's form leads to. */
static void load_texts(struct debug_file *f, struct debug_file *shared, uint32_t form)
{
    switch (form) {
    case DW_FORM_strp:
        load(f, DEBUG_STR);
        return;
    case DW_FORM_line_strp:
        load(f, DEBUG_LINE_STR);
        return;
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        load(shared, DEBUG_STR);
        return;
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index:
        load(f, DEBUG_STR);
        load(f, DEBUG_STR_OFFSETS);
        return;
    default:
        return;
    }
}

/* --- Opening --- */

static bool has_id(const struct container *c, const char *wanted)
{
    char id[ELF_BUILD_ID_TEXT];

    return elf_build_id(&c->view, id) != 0 || strcmp(id, wanted) == 0;
}

static bool open_file(struct container *c, const struct span *bytes, struct memory_budget *budget)
{
    return bytes->size > 0 && container_open(bytes->data, bytes->size, budget, c) == 0;
}

static bool has_dwarf(struct container *c)
{
    const struct container_section *s = container_find(c, ".debug_info");

    return s && s->raw.size > 0;
}

/* The debug file when it is one of this module and has what is wanted, and else the module. */
static bool open_own(struct debug_file *f, const struct debug_files *files,
                     struct memory_budget *budget)
{
    char id[ELF_BUILD_ID_TEXT] = "";
    struct elf_view module;

    if (files->module.size > 0 && elf_open(files->module.data, files->module.size, &module) == 0 &&
        elf_build_id(&module, id) != 0)
        id[0] = '\0';
    if (open_file(&f->container, &files->debuginfo, budget)) {
        if ((id[0] == '\0' || has_id(&f->container, id)) && has_dwarf(&f->container))
            return true;
        container_close(&f->container);
    }
    return open_file(&f->container, &files->module, budget) && has_dwarf(&f->container);
}

/* The indexer has held it against the link in the module's file. */
static void open_shared(struct debug_file *f, const struct debug_files *files,
                        struct memory_budget *budget)
{
    if (open_file(&f->container, &files->shared, budget) && !has_dwarf(&f->container))
        container_close(&f->container);
}

static void read_file(struct debug_file *f, struct debug_file *shared, struct effort *e)
{
    struct info *other = shared && shared->container.sections ? &shared->info : NULL;

    f->dwarf = (struct dwarf){
        .info = container_named(&f->container, ".debug_info"),
        .abbrev = container_named(&f->container, ".debug_abbrev"),
        .addr = container_named(&f->container, ".debug_addr"),
        .shared = other ? &shared->dwarf : NULL,
        .is64 = f->container.view.is64,
    };
    f->types_dwarf = f->dwarf;
    f->types_dwarf.info = container_named(&f->container, ".debug_types");
    f->types_dwarf.types = true;
    f->keep_zero = container_has_zero(&f->container);
    e->left += EFFORT_OF_INFO * ((uint64_t)f->dwarf.info.size + f->types_dwarf.info.size);
    info_init(&f->info, &f->dwarf, ABBREV_ALL, other, e);
    info_init(&f->types, &f->types_dwarf, ABBREV_ALL, other, e);
}

struct debug *debug_open(const struct debug_files *files, struct memory_budget *budget,
                         struct arena *a)
{
    struct debug *d = arena_new(a, struct debug);

    d->effort.left = EFFORT_ALWAYS;
    if (!open_own(&d->own, files, budget)) {
        debug_close(d);
        return NULL;
    }
    open_shared(&d->shared, files, budget);
    if (d->shared.container.sections)
        read_file(&d->shared, NULL, &d->effort);
    read_file(&d->own, &d->shared, &d->effort);
    if (d->own.info.n > 0)
        return d;
    debug_close(d);
    return NULL;
}

static void close_file(struct debug_file *f)
{
    info_fini(&f->info);
    info_fini(&f->types);
    container_close(&f->container);
}

void debug_close(struct debug *d)
{
    if (!d)
        return;
    debug_codes_fini(d);
    code_ranges_fini(&d->ranges);
    offset_map_fini(&d->signatures);
    close_file(&d->own);
    close_file(&d->shared);
    *d = (struct debug){0};
}

/* --- DIEs --- */

static struct cursor cursor_at(const struct info *x, const struct unit *u, uint64_t offset)
{
    return cursor_of(x->dwarf->info.data + offset, (size_t)(u->end - offset));
}

static uint64_t position(const struct info *x, const struct cursor *c)
{
    return (uint64_t)(c->p - x->dwarf->info.data);
}

/* The offset lies in the unit, which is open. False where the siblings end. */
static bool read_entry(struct debug *d, struct info *x, struct unit *u, uint64_t offset,
                       struct entry *ret)
{
    struct cursor c = cursor_at(x, u, offset);
    const struct abbrev *a = die_abbrev(u, &c);
    struct die die;

    if (!a || !effort_spend(&d->effort, 1 + a->n_steps))
        return false;
    die_read(u, a, &c, &die);
    if (c.bad)
        return false;
    *ret = (struct entry){
        .debug = d, .info = x, .unit = u, .offset = offset, .next = position(x, &c), .die = die};
    return true;
}

bool entry_at(struct debug *d, struct info *x, uint64_t offset, struct entry *ret)
{
    struct unit *u = info_unit(x, offset);

    return u && effort_spend(&d->effort, STEP_COST) && info_open(x, u) &&
           read_entry(d, x, u, offset, ret);
}

bool entry_child(const struct entry *e, struct entry *ret)
{
    return e->die.abbrev->children && e->next < e->unit->end &&
           read_entry(e->debug, e->info, e->unit, e->next, ret);
}

/* Where what follows the DIE's children begins, if it says so. */
static bool sibling_of(const struct entry *e, uint64_t *ret)
{
    struct info *info;
    uint64_t offset;

    if (!value_reference(e->info, e->unit, die_value(&e->die, SLOT_SIBLING), &info, &offset) ||
        info != e->info || offset < e->next || offset >= e->unit->end)
        return false;
    *ret = offset;
    return true;
}

/* Moves behind the children. */
static bool pass_children(const struct entry *e, struct cursor *c)
{
    size_t depth = 1;

    while (depth > 0 && !c->bad) {
        const struct abbrev *a = die_abbrev(e->unit, c);

        if (!effort_spend(&e->debug->effort, a ? 1 + a->n_steps : 1))
            return false;
        if (a)
            die_skip(e->unit, a, c);
        depth = a ? depth + a->children : depth - 1;
    }
    return !c->bad;
}

bool entry_sibling(struct entry *e)
{
    uint64_t at = e->next;

    if (e->die.abbrev->children && !sibling_of(e, &at)) {
        struct cursor c = cursor_at(e->info, e->unit, e->next);

        if (!pass_children(e, &c))
            return false;
        at = position(e->info, &c);
    }
    return at < e->unit->end && read_entry(e->debug, e->info, e->unit, at, e);
}

/* --- References --- */

/* What a type unit's header says behind all that other headers have: signature, and where in the
 * unit the type is. */
static uint64_t signature_of(const struct info *x, const struct unit *u, uint64_t *ret_type)
{
    struct cursor c =
        cursor_of(x->dwarf->info.data + u->first - 8 - u->sizes.offset, 8u + u->sizes.offset);
    uint64_t signature = cursor_u64(&c);

    *ret_type = cursor_number(&c, u->sizes.offset);
    return signature;
}

static void note_signatures(struct debug *d, const struct info *x, uint32_t flag)
{
    uint64_t unused;

    for (size_t i = 0; i < x->n; i++)
        if (x->units[i].type == DW_UT_type)
            offset_map_add(&d->signatures, signature_of(x, &x->units[i], &unused),
                           (uint32_t)i | flag);
}

static bool follow_signature(struct debug *d, uint64_t signature, struct entry *ret)
{
    uint64_t type;
    uint32_t i;

    if (!d->has_signatures) {
        d->has_signatures = true;
        note_signatures(d, &d->own.info, 0);
        note_signatures(d, &d->own.types, TYPES);
    }
    if (!offset_map_get(&d->signatures, signature, &i))
        return false;
    struct info *x = i & TYPES ? &d->own.types : &d->own.info;
    const struct unit *u = &x->units[i & ~TYPES];

    signature_of(x, u, &type);
    return type < u->end - u->offset && entry_at(d, x, u->offset + type, ret);
}

bool debug_reference(const struct entry *e, enum die_slot slot, struct info **ret_info,
                     uint64_t *ret)
{
    const struct form_value *v = die_value(&e->die, slot);

    if (!value_reference(e->info, e->unit, v, ret_info, ret))
        return false;
    if (v->form == DW_FORM_ref_addr) /* never a place in .debug_types */
        *ret_info = &file_of(e->debug, e->info)->info;
    return true;
}

bool entry_follow(const struct entry *e, enum die_slot slot, struct entry *ret)
{
    const struct form_value *v = die_value(&e->die, slot);
    struct info *x;
    uint64_t offset;

    if (v && v->form == DW_FORM_ref_sig8)
        return follow_signature(e->debug, v->number, ret);
    return debug_reference(e, slot, &x, &offset) && entry_at(e->debug, x, offset, ret);
}

/* --- Values --- */

const char *entry_text(const struct entry *e, enum die_slot slot)
{
    const struct form_value *v = die_value(&e->die, slot);

    if (!v)
        return NULL;
    load_texts(file_of(e->debug, e->info), &e->debug->shared, v->form);
    return value_text(e->info, e->unit, v);
}

bool entry_number(const struct entry *e, enum die_slot slot, uint64_t *ret)
{
    const struct form_value *v = die_value(&e->die, slot);

    return v && form_number(v, ret);
}

bool entry_signed(const struct entry *e, enum die_slot slot, int64_t *ret)
{
    const struct form_value *v = die_value(&e->die, slot);

    if (!v || !form_is_constant(v))
        return false;
    *ret = (int64_t)v->number;
    return true;
}

bool entry_flag(const struct entry *e, enum die_slot slot)
{
    const struct form_value *v = die_value(&e->die, slot);

    return v && v->number != 0 &&
           (v->form == DW_FORM_flag || v->form == DW_FORM_flag_present || form_is_constant(v));
}

bool entry_address(const struct entry *e, enum die_slot slot, uint64_t *ret)
{
    return value_address(e->info, e->unit, die_value(&e->die, slot), ret);
}

bool entry_bytes(const struct entry *e, enum die_slot slot, struct span *ret)
{
    const struct form_value *v = die_value(&e->die, slot);

    if (!v || !form_is_bytes(v))
        return false;
    *ret = (struct span){v->bytes, (size_t)v->number};
    return true;
}
