/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/package_note.h"

#include <elf.h>
#include <string.h>

#include "client/process/procfs.h"

#define NOTE_TYPE        0xcafe1a7eu
#define NOTES_MAX        8192 /* of one segment */
#define SEGMENTS_MAX     64
#define FIELD_MAX        255
#define ARCHITECTURE_MAX 32
#define MEMBERS_MAX      32

/* --- JSON --- */

static void skip_blanks(struct str *s)
{
    while (s->n > 0 && strchr(" \t\r\n", *s->p) && *s->p) {
        s->p++;
        s->n--;
    }
}

static bool take(struct str *s, char c)
{
    skip_blanks(s);
    if (s->n == 0 || *s->p != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

/* *ret_plain: no escape is in it. */
static bool take_text(struct str *s, struct str *ret, bool *ret_plain)
{
    size_t i = 0;

    if (!take(s, '"'))
        return false;
    *ret_plain = true;
    for (; i < s->n && s->p[i] != '"'; i++) {
        if ((unsigned char)s->p[i] < ' ')
            return false;
        if (s->p[i] == '\\') {
            *ret_plain = false;
            i++;
        }
    }
    if (i >= s->n)
        return false;
    *ret = (struct str){s->p, i};
    s->p += i + 1;
    s->n -= i + 1;
    return true;
}

/* null, a number, true: one word. */
static bool take_word(struct str *s)
{
    size_t n = 0;

    skip_blanks(s);
    while (n < s->n && !strchr(",} \t\r\n\"{[", s->p[n]))
        n++;
    s->p += n;
    s->n -= n;
    return n > 0;
}

static bool take_member(struct str *s, struct package_note *note)
{
    struct str key, value;
    bool plain_key, plain;

    if (!take_text(s, &key, &plain_key) || !take(s, ':'))
        return false;
    skip_blanks(s);
    if (s->n == 0 || *s->p != '"')
        return take_word(s);
    if (!take_text(s, &value, &plain))
        return false;
    if (!plain)
        return true;
    if (str_eq(key, STR("name")))
        note->name = value;
    else if (str_eq(key, STR("version")))
        note->version = value;
    else if (str_eq(key, STR("architecture")))
        note->architecture = value;
    return true;
}

bool package_note_parse(struct str json, struct package_note *ret)
{
    struct package_note note = {{"", 0}, {"", 0}, {"", 0}};
    bool more = true;

    if (!take(&json, '{'))
        return false;
    for (size_t i = 0; more && i < MEMBERS_MAX; i++) {
        if (!take_member(&json, &note))
            return false;
        more = take(&json, ',');
    }
    if (more || !take(&json, '}'))
        return false;
    *ret = note;
    return true;
}

/* --- Notes --- */

static size_t padded(uint32_t n)
{
    return ((size_t)n + 3) & ~(size_t)3;
}

struct str package_note_find(struct str notes)
{
    Elf64_Nhdr h;

    while (notes.n >= sizeof(h)) {
        const char *name = notes.p + sizeof(h);
        size_t name_n, desc_n;

        memcpy(&h, notes.p, sizeof(h));
        name_n = padded(h.n_namesz);
        desc_n = padded(h.n_descsz);
        if (name_n > notes.n - sizeof(h) || h.n_descsz > notes.n - sizeof(h) - name_n)
            break;
        if (h.n_type == NOTE_TYPE && h.n_namesz == 4 && memcmp(name, "FDO", 4) == 0)
            return (struct str){name + name_n, strnlen(name + name_n, h.n_descsz)};
        if (desc_n > notes.n - sizeof(h) - name_n)
            break;
        notes.p += sizeof(h) + name_n + desc_n;
        notes.n -= sizeof(h) + name_n + desc_n;
    }
    return (struct str){"", 0};
}

static const char *text_of(struct str s, size_t max, struct arena *a)
{
    return s.n > 0 && s.n <= max ? arena_strndup(a, s.p, s.n) : NULL;
}

static void keep(const struct package_note *note, struct arena *a, struct crash_meta *m)
{
    if (note->name.n == 0)
        return;
    m->package = text_of(note->name, FIELD_MAX, a);
    m->package_version = text_of(note->version, FIELD_MAX, a);
    m->package_architecture = text_of(note->architecture, ARCHITECTURE_MAX, a);
    m->package_source = "note";
    if (!m->version)
        m->version = m->package_version;
}

/* --- The process --- */

static bool read_all(const struct slim_source *memory, uint64_t address, void *p, size_t n)
{
    return memory->read(memory->arg, address, p, n) == (ssize_t)n;
}

/* Where the program lies, less where it wanted to: its table of segments tells where itself is. */
static bool load_bias(const Elf64_Phdr *segments, size_t n, uint64_t at, uint64_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (segments[i].p_type == PT_PHDR) {
            *ret = at - segments[i].p_vaddr;
            return true;
        }
    *ret = 0; /* a program at a fixed address need not have one */
    return n > 0;
}

static struct str note_in(const struct slim_source *memory, uint64_t address, uint64_t size,
                          struct arena *a)
{
    size_t n = size < NOTES_MAX ? (size_t)size : NOTES_MAX;
    char *text = arena_alloc(a, n + 1);

    if (!read_all(memory, address, text, n))
        return (struct str){"", 0};
    return package_note_find((struct str){text, n});
}

void package_note_read(const struct slim_source *memory, struct str auxv, struct arena *a,
                       struct crash_meta *m)
{
    uint64_t at = procfs_auxv_value(auxv.p, auxv.n, AT_PHDR), bias;
    uint64_t n = procfs_auxv_value(auxv.p, auxv.n, AT_PHNUM);
    Elf64_Phdr segments[SEGMENTS_MAX];
    struct package_note note;

    if (at == 0 || n > SEGMENTS_MAX || !read_all(memory, at, segments, n * sizeof(segments[0])) ||
        !load_bias(segments, n, at, &bias))
        return;
    for (size_t i = 0; i < n; i++) {
        struct str json;

        if (segments[i].p_type != PT_NOTE)
            continue;
        json = note_in(memory, bias + segments[i].p_vaddr, segments[i].p_memsz, a);
        if (json.n > 0 && package_note_parse(json, &note)) {
            keep(&note, a, m);
            return;
        }
    }
}
