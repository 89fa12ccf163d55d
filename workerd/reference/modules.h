/* SPDX-License-Identifier: Apache-2.0 */
/* The image's modules as libelf and libdw read them. A module's file is looked for and opened only
 * when a frame falls into it. Owns the opened files and everything read from them. */
#ifndef CORRAL_WORKERD_REFERENCE_MODULES_H
#define CORRAL_WORKERD_REFERENCE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>
#include <libelf.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/report/analysis.h"
#include "workerd/image/image.h"
#include "workerd/sources/sources.h"

DEFINE_CLEANUP(cleanup_elf, Elf, elf_end)

struct debug_index;
struct symbol_table;

struct modules;

struct mapped_module {
    struct modules *owner;
    const char *path;
    const char *build_id; /* NULL: unknown */
    uint64_t start, end;
    const struct image_mapping *mappings;
    size_t n_mappings;
    bool main;                 /* the program itself */
    bool vdso;                 /* without a file */
    enum module_status status; /* right once it was opened or inspected */

    bool opened; /* tried; elf tells whether it worked */
    void *image; /* the vDSO's bytes, on the heap and of exact size */
    int fd;
    Elf *elf;      /* NULL: its file is not at hand */
    uint64_t bias; /* from the file's addresses to the process's */
    bool has_eh_frame;
    const char *debug_link; /* from .gnu_debuglink; NULL: none */
    bool debug_opened;      /* tried */
    int debug_fd;
    Elf *debug_elf; /* a separate file of debug information; NULL: none */
    Dwarf *dwarf;   /* NULL: no debug information */
    int shared_fd;
    Dwarf *shared_dwarf;          /* what several debug files have in common (dwz(1)); NULL: none */
    struct symbol_table *symbols; /* made on first use */
    struct debug_index *debug_index; /* made on first use */
};

struct modules {
    struct arena *arena;
    struct image *image;
    const struct module_sources *sources;
    struct mapped_module *list; /* by start */
    size_t n;
};

/* Makes the list, with the indexes of the image's; nothing is opened. */
int modules_init(struct modules *m, struct image *image, const struct module_sources *sources);
void modules_fini(struct modules *m);

/* The module at an address; NULL. */
struct mapped_module *modules_at(const struct modules *m, uint64_t address);

/* Opens the file on first use; false when there is none. */
bool module_open(struct mapped_module *module);
/* Opens its debug information on first use, within the file or separate; NULL when there is none.
 * */
Dwarf *module_dwarf(struct mapped_module *module);
/* "the file … (build-id …) is not at hand", in the arena. */
const char *module_missing_text(const struct mapped_module *module);
/* What is made of the two on first use; NULL when there is nothing. */
struct symbol_table *module_symbols(struct mapped_module *module);
struct debug_index *module_debug_index(struct mapped_module *module);
/* Finds out the status of a module that no frame has opened, at the cost of reading a few headers.
 * */
void module_inspect(struct mapped_module *module);

#endif
