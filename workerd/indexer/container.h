/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file as sections by name, decompressed when they are asked for (SHF_COMPRESSED with zlib
 * or zstd, and the older .zdebug_*), under one budget of memory for a whole build. Bounds-checked
 * over common/core/elf. */
#ifndef CORRAL_WORKERD_INDEXER_CONTAINER_H
#define CORRAL_WORKERD_INDEXER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/core/elf.h"

#define CONTAINER_SECTIONS_MAX 65536u

/* Bytes, 0 of them when there are none. */
struct span {
    const uint8_t *data;
    size_t size;
};

/* A table of texts without what follows its last NUL: whatever begins in it ends in it. */
struct span span_of_texts(struct span s);

/* What may still be taken for decompressed bytes. It is spent, not lent: the work that a hostile
 * file makes is bounded by it as well. */
struct memory_budget {
    uint64_t left;
};

struct container_section {
    const char *name; /* in the file, checked to end there; "" when it does not */
    struct elf_section header;
    struct span raw;      /* as in the file; SHT_NOBITS: empty */
    struct span contents; /* decompressed; the same as raw when it was not compressed */
    void *owned;          /* on the heap; NULL */
    bool tried;           /* contents is set */
};

struct container {
    struct elf_view view;
    struct container_section *sections;
    size_t n;
    struct memory_budget *budget;
};

/* ELF_NOT_ELF, ELF_MALFORMED, -ENOMEM. A file without a section table has none, as one whose table
 * lies outside of it or has more than CONTAINER_SECTIONS_MAX rows. Borrows data. */
int container_open(const void *data, size_t size, struct memory_budget *budget,
                   struct container *ret);
void container_close(struct container *c);
/* The first of that name; NULL. `.debug_info` also finds `.zdebug_info`. */
struct container_section *container_find(struct container *c, const char *name);
struct container_section *container_find_type(struct container *c, uint32_t type);
/* Decompressed on first use. Empty when there is none, when it cannot be decompressed, or when the
 * budget is spent. */
struct span container_contents(struct container *c, struct container_section *s);
struct span container_named(struct container *c, const char *name);
/* A section of code; its bytes may be missing. */
bool container_is_code(const struct container_section *s);
/* Whether code begins at address 0. Where it does not, debug information of what begins there is of
 * functions that the linker threw away. */
bool container_has_zero(const struct container *c);
/* The first program header of that type; false when there is none. */
bool container_segment(const struct container *c, uint32_t type, struct elf_segment *ret);
/* The bytes from that address up to the end of what its segment has in the file, which may have
 * been cut short. */
struct span container_mapped(const struct container *c, uint64_t address);

#endif
