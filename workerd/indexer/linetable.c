/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/linetable.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/sourcepath.h"

/* --- Paths --- */

/* NULL for what is too long to be a part of a path. */
static const char *path_part(const char *text)
{
    return text && strnlen(text, LINE_TEXT_MAX + 1) <= LINE_TEXT_MAX ? text : NULL;
}

static bool add_folder(struct line_table *t, const char *raw)
{
    if (t->n_folders == t->folder_capacity) {
        size_t capacity = t->folder_capacity ? 2 * t->folder_capacity : 64;
        struct line_folder *list = reallocarray(t->folders, capacity, sizeof *list);

        if (!list)
            return false;
        t->folders = list;
        t->folder_capacity = capacity;
    }
    t->folders[t->n_folders++] = (struct line_folder){.raw = path_part(raw)};
    return true;
}

/* What relative paths begin with. */
static const char *base_folder(const struct line_table *t)
{
    if (t->unit->folder)
        return t->unit->folder;
    return t->version >= 5 && t->n_folders > 0 ? t->folders[0].raw : NULL;
}

/* NULL when files of this folder are known by their names alone. */
static const char *folder_path(struct line_table *t, struct line_folder *f)
{
    const char *base = base_folder(t);

    if (f->made)
        return f->path;
    f->made = true;
    if (!f->raw)
        return NULL;
    f->path = source_path(base, f->raw, &t->arena);
    if (f->path && *f->path == '\0' && f->raw[0] != '/' && !(base && base[0] == '/'))
        f->path = NULL;
    return f->path;
}

/* A path as the index has it: what is before the last slash, and what is behind it. */
static uint32_t split_path(struct line_table *t, const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    char folder[LINE_TEXT_MAX + 1];

    if (!path || strlen(path) > LINE_TEXT_MAX)
        return INDEX_NONE;
    if (!slash || slash == path)
        return index_writer_file(t->writer, "", path);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return index_writer_file(t->writer, folder, slash + 1);
}

/* A name that makes a path by being appended to its folder. */
static bool is_plain(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static uint32_t file_number(struct line_table *t, const char *name, uint64_t folder)
{
    char joined[2 * LINE_TEXT_MAX + 2];
    const char *path = NULL;

    name = path_part(name);
    if (!name || t->arena.used > LINE_PATHS_MAX || (name[0] != '/' && folder >= t->n_folders))
        return INDEX_NONE;
    if (name[0] != '/')
        path = folder_path(t, &t->folders[folder]);
    if (path && *path && is_plain(name))
        return index_writer_file(t->writer, path, name);
    if (path) {
        stpcpy(stpcpy(stpcpy(joined, path), "/"), name);
        name = joined;
    }
    return split_path(t, source_path(NULL, name, &t->arena));
}

bool line_table_add_file(struct line_table *t, const char *name, uint64_t folder)
{
    if (t->files.n == t->file_capacity) {
        size_t capacity = t->file_capacity ? 2 * t->file_capacity : 128;
        uint32_t *numbers = reallocarray(t->files.numbers, capacity, sizeof *numbers);

        if (!numbers)
            return false;
        t->files.numbers = numbers;
        t->file_capacity = capacity;
    }
    t->files.numbers[t->files.n++] = file_number(t, name, folder);
    return true;
}

/* --- Folders and files before DWARF 5 --- */

/* Folder 0 is the unit's, file 0 the unit itself: neither is written down. */
static bool read_old_lists(struct line_table *t, struct cursor *c)
{
    const char *text;

    if (!add_folder(t, t->unit->folder))
        return false;
    while ((text = cursor_text(c)) && *text)
        if (!add_folder(t, text))
            return false;
    if (!line_table_add_file(t, t->unit->name, 0))
        return false;
    while ((text = cursor_text(c)) && *text) {
        uint64_t folder = cursor_uleb(c);

        cursor_uleb(c); /* time and size of the file */
        cursor_uleb(c);
        if (c->bad || !line_table_add_file(t, text, folder))
            return false;
    }
    return !c->bad;
}

/* --- Folders and files since DWARF 5 --- */

struct line_value {
    const char *text; /* NULL: none, or not at hand */
    uint64_t number;
};

static const char *text_at(struct span s, uint64_t offset)
{
    size_t left = offset < s.size ? s.size - offset : 0;

    if (left > LINE_TEXT_MAX + 1)
        left = LINE_TEXT_MAX + 1;
    return left > 0 && memchr(s.data + offset, 0, left) ? (const char *)s.data + offset : NULL;
}

/* A block, a checksum: nothing that a path needs. */
static bool skip_value(struct cursor *c, uint64_t form)
{
    static const uint8_t sizes[] = {
        [DW_FORM_data16] = 16, [DW_FORM_flag] = 1,  [DW_FORM_strx1] = 1,
        [DW_FORM_strx2] = 2,   [DW_FORM_strx3] = 3, [DW_FORM_strx4] = 4,
    };

    switch (form) {
    case DW_FORM_block:
        return cursor_bytes(c, cursor_uleb(c)) != NULL;
    case DW_FORM_block1:
        return cursor_bytes(c, cursor_u8(c)) != NULL;
    case DW_FORM_block2:
        return cursor_bytes(c, cursor_u16(c)) != NULL;
    case DW_FORM_block4:
        return cursor_bytes(c, cursor_u32(c)) != NULL;
    case DW_FORM_sdata:
    case DW_FORM_strx:
        cursor_uleb(c);
        return !c->bad;
    default:
        return form < ARRAY_SIZE(sizes) && sizes[form] && cursor_bytes(c, sizes[form]);
    }
}

static const char *read_text(const struct line_table *t, struct cursor *c, uint64_t form)
{
    const struct dwarf *d = t->dwarf;

    if (form == DW_FORM_string)
        return cursor_text(c);
    struct span section = form == DW_FORM_line_strp ? d->line_str
                          : form == DW_FORM_strp    ? d->str
                          : d->shared               ? d->shared->str
                                                    : (struct span){0};

    return text_at(section, cursor_number(c, t->offset_size));
}

/* False when the form's size is not known: what is behind it can't be read. */
static bool read_value(const struct line_table *t, struct cursor *c, uint64_t form,
                       struct line_value *ret)
{
    switch (form) {
    case DW_FORM_string:
    case DW_FORM_line_strp:
    case DW_FORM_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        ret->text = read_text(t, c, form);
        return true;
    case DW_FORM_udata:
        ret->number = cursor_uleb(c);
        return true;
    case DW_FORM_data1:
        ret->number = cursor_u8(c);
        return true;
    case DW_FORM_data2:
        ret->number = cursor_u16(c);
        return true;
    case DW_FORM_data4:
        ret->number = cursor_u32(c);
        return true;
    case DW_FORM_data8:
        ret->number = cursor_u64(c);
        return true;
    case DW_FORM_sec_offset:
        cursor_number(c, t->offset_size);
        return true;
    default:
        return skip_value(c, form);
    }
}

struct entry_format {
    size_t n;
    struct {
        uint64_t content, form;
    } parts[UINT8_MAX];
};

static void read_format(struct cursor *c, struct entry_format *ret)
{
    ret->n = cursor_u8(c);
    for (size_t i = 0; i < ret->n; i++) {
        ret->parts[i].content = cursor_uleb(c);
        ret->parts[i].form = cursor_uleb(c);
    }
}

static bool read_entry(const struct line_table *t, struct cursor *c, const struct entry_format *f,
                       struct line_value *ret)
{
    *ret = (struct line_value){0};
    for (size_t i = 0; i < f->n; i++) {
        struct line_value v = {0};

        if (!read_value(t, c, f->parts[i].form, &v) || c->bad)
            return false;
        if (f->parts[i].content == DW_LNCT_path)
            ret->text = v.text;
        if (f->parts[i].content == DW_LNCT_directory_index)
            ret->number = v.number;
    }
    return f->n > 0; /* an entry without bytes could be there any number of times */
}

static bool read_new_lists(struct line_table *t, struct cursor *c)
{
    struct entry_format format;
    struct line_value v;

    read_format(c, &format);
    for (uint64_t n = cursor_uleb(c); n > 0; n--)
        if (!read_entry(t, c, &format, &v) || !add_folder(t, v.text))
            return false;
    read_format(c, &format);
    for (uint64_t n = cursor_uleb(c); n > 0; n--)
        if (!read_entry(t, c, &format, &v) || !line_table_add_file(t, v.text, v.number))
            return false;
    return !c->bad;
}

/* --- The head --- */

/* A length with the size of offsets that goes with it, and the cursor at what it counts. */
static struct cursor read_length(struct cursor *c, size_t *ret_offset_size)
{
    uint64_t length = cursor_u32(c);

    *ret_offset_size = length == UINT32_MAX ? 8 : 4;
    if (length == UINT32_MAX)
        length = cursor_u64(c);
    const uint8_t *p = cursor_bytes(c, length);

    return cursor_of(p, p ? length : 0);
}

static bool read_parameters(struct line_table *t, struct cursor *c)
{
    t->min_length = cursor_u8(c);
    t->max_operations = t->version >= 4 ? cursor_u8(c) : 1;
    if (t->max_operations == 0)
        t->max_operations = 1;
    t->is_statement = cursor_u8(c) != 0;
    t->line_base = (int8_t)cursor_u8(c);
    t->line_range = cursor_u8(c);
    t->opcode_base = cursor_u8(c);
    t->operand_counts = cursor_bytes(c, t->opcode_base ? t->opcode_base - 1u : 0);
    return !c->bad && t->line_range > 0 && t->opcode_base > 0;
}

static bool read_head(struct line_table *t, struct cursor *c)
{
    t->version = cursor_u16(c);
    if (t->version < 2 || t->version > 5)
        return false;
    if (t->version >= 5)
        cursor_u16(c); /* size of addresses, and of segment selectors, which nobody has */
    uint64_t length = cursor_number(c, t->offset_size);
    const uint8_t *p = cursor_bytes(c, length);

    if (!p)
        return false;
    struct cursor head = cursor_of(p, length);

    t->program = *c;
    if (!read_parameters(t, &head))
        return false;
    return t->version >= 5 ? read_new_lists(t, &head) : read_old_lists(t, &head);
}

bool line_table_read(const struct dwarf *d, const struct line_program *unit,
                     struct index_writer *writer, struct line_table *ret)
{
    struct cursor c = cursor_of(d->line.data, d->line.size);

    *ret = (struct line_table){.dwarf = d, .unit = unit, .writer = writer};
    arena_init(&ret->arena, 0);
    if (!cursor_bytes(&c, unit->offset))
        return false;
    c = read_length(&c, &ret->offset_size);
    return read_head(ret, &c);
}

void line_table_fini(struct line_table *t)
{
    free(t->folders);
    line_files_fini(&t->files);
    arena_fini(&t->arena);
}
