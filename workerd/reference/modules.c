/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/modules.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>

#include "common/base/id.h"
#include "common/core/elf.h"
#include "common/report/limits.h"
#include "workerd/reference/debuginfo.h"
#include "workerd/reference/symbols.h"

/* --- The list --- */

static bool holds(const struct mapped_module *m, uint64_t address)
{
    return address >= m->start && address < m->end;
}

int modules_init(struct modules *m, struct image *image, const struct module_sources *sources)
{
    *m = (struct modules){.arena = image->arena, .image = image, .sources = sources};
    m->list = arena_array(image->arena, struct mapped_module, image->n_modules + 1);
    elf_version(EV_CURRENT);
    for (; m->n < image->n_modules; m->n++) {
        const struct image_module *from = &image->modules[m->n];

        m->list[m->n] = (struct mapped_module){
            .owner = m,
            .path = from->path,
            .build_id = from->build_id,
            .start = from->start,
            .end = from->end,
            .mappings = from->mappings,
            .n_mappings = from->n_mappings,
            .main = from->main,
            .vdso = from->vdso,
            .fd = -1,
            .debug_fd = -1,
            .shared_fd = -1,
        };
    }
    return 0;
}

static void close_module(struct mapped_module *module)
{
    debug_index_free(module->debug_index);
    symbol_table_free(module->symbols);
    if (module->dwarf)
        dwarf_end(module->dwarf);
    if (module->shared_dwarf)
        dwarf_end(module->shared_dwarf);
    if (module->debug_elf)
        elf_end(module->debug_elf);
    if (module->elf)
        elf_end(module->elf);
    cleanup_fd(&module->shared_fd);
    cleanup_fd(&module->debug_fd);
    cleanup_fd(&module->fd);
    free(module->image);
}

void modules_fini(struct modules *m)
{
    for (size_t i = 0; i < m->n; i++)
        close_module(&m->list[i]);
    m->n = 0;
}

struct mapped_module *modules_at(const struct modules *m, uint64_t address)
{
    size_t low = 0, high = m->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->list[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && holds(&m->list[low - 1], address) ? &m->list[low - 1] : NULL;
}

/* --- What a file holds --- */

struct features {
    bool symbols, debug, eh_frame;
    const char *debug_link; /* within the Elf's memory */
};

static struct features read_features(Elf *elf)
{
    struct features f = {0};
    Elf_Scn *section = NULL;
    size_t names;
    GElf_Word checksum;
    GElf_Shdr h;

    if (elf_getshdrstrndx(elf, &names) != 0)
        return f;
    while ((section = elf_nextscn(elf, section))) {
        const char *name = gelf_getshdr(section, &h) ? elf_strptr(elf, names, h.sh_name) : NULL;

        if (!name || h.sh_type == SHT_NOBITS)
            continue;
        f.symbols = f.symbols || h.sh_type == SHT_SYMTAB;
        f.eh_frame = f.eh_frame || strcmp(name, ".eh_frame") == 0;
        f.debug = f.debug || strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0;
    }
    f.debug_link = dwelf_elf_gnu_debuglink(elf, &checksum);
    return f;
}

static enum module_status status_of(const struct features *f)
{
    return f->debug ? MODULE_DEBUG : f->symbols ? MODULE_SYMBOLS : MODULE_STRIPPED;
}

static struct module_wanted wanted(const struct mapped_module *module)
{
    return (struct module_wanted){
        .path = module->path,
        .build_id = module->build_id,
        .main = module->main,
    };
}

/* When the core did not have the first page, the file tells its build-id, for what it is worth. */
static void take_build_id(struct mapped_module *module, int fd)
{
    char text[ELF_BUILD_ID_TEXT];

    if (!module->build_id && elf_build_id_fd(fd, text) == 0)
        module->build_id = arena_strdup(module->owner->arena, text);
}

/* --- Opening --- */

/* Where a segment of the file lies in the process tells how far all of them were moved. */
static bool segment_bias(const struct mapped_module *module, const GElf_Phdr *p, uint64_t *ret)
{
    uint64_t page = 4096, first = p->p_offset & -page;

    for (size_t i = 0; i < module->n_mappings; i++) {
        const struct image_mapping *m = &module->mappings[i];

        if (m->file_offset >= first && m->file_offset < p->p_offset + p->p_filesz) {
            *ret = m->start - m->file_offset + p->p_offset - p->p_vaddr;
            return true;
        }
    }
    if (module->n_mappings == 0) {
        *ret = module->start - p->p_vaddr;
        return true;
    }
    return false;
}

static bool find_bias(const struct mapped_module *module, Elf *elf, uint64_t *ret)
{
    size_t n;
    GElf_Phdr p;

    if (elf_getphdrnum(elf, &n) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_LOAD && segment_bias(module, &p, ret))
            return true;
    return false;
}

/* Reads the vDSO's image out of the core. */
static Elf *open_image(struct mapped_module *module)
{
    size_t size = (size_t)(module->end - module->start);

    module->image = malloc(size);
    if (!module->image)
        return NULL;
    if (!image_read(module->owner->image, module->start, module->image, size))
        return NULL;
    return elf_memory(module->image, size);
}

static Elf *open_file(struct mapped_module *module)
{
    struct module_wanted w = wanted(module);

    if (source_open_module(module->owner->sources, &w, &module->fd) != 0)
        return NULL;
    take_build_id(module, module->fd);
    return elf_begin(module->fd, ELF_C_READ_MMAP, NULL);
}

bool module_open(struct mapped_module *module)
{
    if (module->opened)
        return module->elf;
    module->opened = true;
    _cleanup_(cleanup_elf) Elf *elf = module->vdso ? open_image(module) : open_file(module);

    if (!elf || elf_kind(elf) != ELF_K_ELF || !find_bias(module, elf, &module->bias))
        return false;
    struct features f = read_features(elf);

    module->status = status_of(&f);
    module->has_eh_frame = f.eh_frame;
    module->debug_link = f.debug_link;
    module->elf = TAKE_PTR(elf);
    return true;
}

static Elf *open_debug_elf(struct mapped_module *module)
{
    struct module_wanted w = wanted(module);

    if (source_open_debug(module->owner->sources, &w, module->debug_link, &module->debug_fd) != 0)
        return NULL;
    return elf_begin(module->debug_fd, ELF_C_READ_MMAP, NULL);
}

/* dwz(1) moves what several debug files have in common into one more; libdw by itself would look
 * for it by path. */
static void open_shared_dwarf(struct mapped_module *module)
{
    const char *name;
    const void *id;
    ssize_t n = dwelf_dwarf_gnu_debugaltlink(module->dwarf, &name, &id);
    char text[ELF_BUILD_ID_TEXT];

    if (n <= 0 || n > ELF_BUILD_ID_MAX)
        return;
    hex_encode(id, (size_t)n, text);
    struct module_wanted w = {.path = module->path, .build_id = text};

    if (source_open_debug(module->owner->sources, &w, NULL, &module->shared_fd) != 0)
        return;
    module->shared_dwarf = dwarf_begin(module->shared_fd, DWARF_C_READ);
    if (module->shared_dwarf)
        dwarf_setalt(module->dwarf, module->shared_dwarf);
}

Dwarf *module_dwarf(struct mapped_module *module)
{
    if (module->debug_opened || !module_open(module))
        return module->dwarf;
    module->debug_opened = true;
    if (module->status != MODULE_DEBUG && !module->vdso)
        module->debug_elf = open_debug_elf(module);
    if (module->debug_elf)
        module->status = MODULE_DEBUG;
    if (module->status != MODULE_DEBUG)
        return NULL;
    module->dwarf =
        dwarf_begin_elf(module->debug_elf ? module->debug_elf : module->elf, DWARF_C_READ, NULL);
    if (module->dwarf)
        open_shared_dwarf(module);
    return module->dwarf;
}

const char *module_missing_text(const struct mapped_module *module)
{
    struct arena *a = module->owner->arena;

    if (!module->build_id)
        return arena_printf(a, "the file %s is not at hand", module->path);
    return arena_printf(a, "the file %s (build-id %s) is not at hand", module->path,
                        module->build_id);
}

struct symbol_table *module_symbols(struct mapped_module *module)
{
    if (!module->symbols && module_open(module)) {
        module_dwarf(module); /* a separate debug file may have the symbols */
        module->symbols = symbol_table_new(module->elf, module->debug_elf);
    }
    return module->symbols;
}

struct debug_index *module_debug_index(struct mapped_module *module)
{
    Dwarf *dwarf = module_dwarf(module);

    if (!module->debug_index && dwarf)
        module->debug_index = debug_index_new(dwarf);
    return module->debug_index;
}

void module_inspect(struct mapped_module *module)
{
    struct module_wanted w = wanted(module);
    _cleanup_fd_ int fd = -1, debug_fd = -1;

    if (module->opened && !module->elf)
        return;
    if (module->vdso) {
        module->status = module->elf ? module->status : MODULE_STRIPPED;
        return;
    }
    if (!module->opened) {
        if (source_open_module(module->owner->sources, &w, &fd) != 0)
            return;
        take_build_id(module, fd);
        w.build_id = module->build_id;
        /* Without a mapping: headers of files that no frame needs. */
        _cleanup_(cleanup_elf) Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
        struct features f = elf ? read_features(elf) : (struct features){0};

        module->status = status_of(&f);
        if (f.debug_link)
            module->debug_link = arena_strdup(module->owner->arena, f.debug_link);
    }
    if (module->status != MODULE_DEBUG &&
        source_open_debug(module->owner->sources, &w, module->debug_link, &debug_fd) == 0)
        module->status = MODULE_DEBUG;
}
