/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries are told by the names that the kernel saw them mapped under: a name that lies costs at
 * most LIBRARY_DATA_MAX bytes of the process' own. */
#include "client/slim/libraries.h"

#include <string.h>

#include "common/base/cleanup.h"

#define VDSO_MAX            (64u * 1024)
#define MESSAGE_MAX         (16u * 1024)
#define MESSAGE_MAPPING_MAX (1024u * 1024)

enum role { ROLE_NONE, ROLE_C_LIBRARY, ROLE_OTHER };

static const struct {
    const char *prefix; /* of the file's name */
    enum role role;
} known[] = {
    {"libc.so.", ROLE_C_LIBRARY}, {"libc-2.", ROLE_C_LIBRARY},  {"libpthread", ROLE_OTHER},
    {"ld-linux", ROLE_OTHER},     {"ld-2.", ROLE_OTHER},        {"ld-musl-", ROLE_OTHER},
    {"libc.musl-", ROLE_OTHER},   {"libglib-2.0.", ROLE_OTHER},
};

static enum role role_of(const struct core_mapping *m, const char *executable)
{
    const char *slash = strrchr(m->path, '/');
    const char *name = slash ? slash + 1 : m->path;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strncmp(name, known[i].prefix, strlen(known[i].prefix)) == 0)
            return known[i].role;
    return executable && strcmp(m->path, executable) == 0 ? ROLE_OTHER : ROLE_NONE;
}

void libraries_keep_first_pages(struct choice *c)
{
    const struct corefile *core = c->core;
    struct slim_range r;

    for (size_t i = 0; i < core->n_mappings; i++)
        if (core->mappings[i].file_offset == 0)
            c->cut |= !choice_keep(c, core->mappings[i].start, PAGE_BYTES);
    if (core->auxv_vdso != 0 &&
        choice_dumped(core, core->auxv_vdso, core->auxv_vdso + VDSO_MAX, &r) &&
        r.start == core->auxv_vdso)
        c->cut |= !choice_keep(c, r.start, r.n);
}

/* The mapping and, where nothing else of a file follows, the anonymous memory behind it: .bss. */
static uint64_t data_end(const struct corefile *core, size_t mapping)
{
    const struct core_mapping *m = &core->mappings[mapping];
    const struct core_segment *s = corefile_segment(core, m->end);

    if (mapping + 1 < core->n_mappings && core->mappings[mapping + 1].start == m->end)
        return m->end;
    if (!s || s->start != m->end || s->filesz == 0 || !(s->flags & PF_W))
        return m->end;
    return s->start + s->filesz;
}

/* Text and constants are not dumped (but for the first page): what is, is data. */
static void keep_dumped(struct choice *c, uint64_t start, uint64_t end, struct library_data *d)
{
    uint64_t left = LIBRARY_DATA_MAX;
    struct slim_range r;

    while (left > 0 && choice_dumped(c->core, start, end, &r)) {
        start = r.start + r.n;
        if (r.n > left)
            r.n = left;
        left -= r.n;
        c->cut |= !choice_keep(c, r.start, r.n);
        if (d && d->n < LIBRARY_RANGES)
            d->ranges[d->n++] = r;
    }
}

void libraries_keep_data(struct choice *c, struct library_data *ret)
{
    const struct corefile *core = c->core;
    const struct core_mapping *entry = corefile_mapping(core, core->auxv_entry);
    struct library_data d = {0};

    for (size_t i = 0; i < core->n_mappings; i++) {
        const struct core_mapping *m = &core->mappings[i];
        enum role role = role_of(m, entry ? entry->path : NULL);

        if (role != ROLE_NONE)
            keep_dumped(c, m->start, data_end(core, i), role == ROLE_C_LIBRARY ? &d : NULL);
    }
    *ret = d;
}

/* struct abort_msg_s: the size of the whole mapping, then the text. */
static void keep_message(struct choice *c, uint64_t address)
{
    uint32_t size;
    struct slim_range r;

    if (address == 0 || address % PAGE_BYTES != 0 ||
        !choice_dumped(c->core, address, address + sizeof size, &r) || r.start != address ||
        choice_read(c, address, &size, sizeof size) != sizeof size)
        return;
    if (size != 0 && size % PAGE_BYTES == 0 && size <= MESSAGE_MAPPING_MAX)
        choice_keep(c, address, size < MESSAGE_MAX ? size : MESSAGE_MAX);
}

void libraries_keep_message(struct choice *c, const struct held *h, const struct library_data *d)
{
    const struct core_layout *l = c->core->layout;
    size_t word = l->is64 ? 8 : 4, n;

    for (size_t i = 0; i < d->n; i++) {
        const uint8_t *p = held_at(h, d->ranges[i].start, &n);

        if (p && n > d->ranges[i].n)
            n = (size_t)d->ranges[i].n;
        for (size_t at = 0; p && at + word <= n; at += word)
            keep_message(c, layout_word(l, p + at));
    }
}
