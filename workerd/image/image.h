/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader makes of a dump: threads with their registers, memory by address, modules with
 * build-ids, and facts about the process. Everything after it is the same for every kind of dump:
 * today an ELF core (elfcore.h), later a minidump. All that is kept lives in the arena; the
 * reader's own data must outlive the image. Nothing here has any tie to libelf or libdw. */
#ifndef CORRAL_WORKERD_IMAGE_IMAGE_H
#define CORRAL_WORKERD_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/core/layout.h"

#define IMAGE_MODULES_MAX 8192u
#define IMAGE_VDSO_PATH   "[vdso]"
#define IMAGE_VDSO_MAX    (256u * 1024) /* kernels have four pages of it at most */

struct image_thread {
    int64_t tid;
    const uint64_t *registers; /* by the layout's indexes */
};

/* A piece of a file as it was mapped. */
struct image_mapping {
    uint64_t start, end, file_offset; /* bytes */
};

struct image_module {
    const char *path;     /* as mapped; "[vdso]" */
    const char *build_id; /* from the process's own memory; NULL: unknown */
    uint64_t start, end;
    const struct image_mapping *mappings; /* by start, none overlapping; none for the vDSO */
    size_t n_mappings;
    bool main; /* the program itself */
    bool vdso;
};

/* Mapped memory, whether or not the dump has its bytes. */
struct image_range {
    uint64_t start, end;
    bool readable, writable, executable;
};

/* The file that is mapped at an address. */
struct image_file {
    const char *path;
    uint64_t start, end, offset; /* bytes; offset: in the file, of the address */
};

struct image;

/* What a reader must be able to do. */
struct image_reader {
    /* The bytes at address, as many as lie in one piece up to n: copies them and returns how many
     * there are (0: none), or -errno. */
    ssize_t (*read)(const void *source, uint64_t address, void *p, size_t n);
    /* The mapped memory around address, not empty; false, and *ret untouched, when there is none.
     */
    bool (*range)(const void *source, uint64_t address, struct image_range *ret);
    /* The first mapped memory that begins at address or above; as range. NULL: it can't tell. */
    bool (*above)(const void *source, uint64_t address, struct image_range *ret);
    /* Any file, not modules alone. NULL: it can't tell. */
    bool (*file)(const void *source, uint64_t address, struct image_file *ret);
};

/* Pages that were read, so that walking a stack asks for each once. */
#define IMAGE_PAGE  4096u
#define IMAGE_PAGES 32u
struct image_page {
    uint64_t start;
    size_t length;  /* 0: empty */
    uint8_t *bytes; /* IMAGE_PAGE of them, made on first use */
};

struct image {
    struct arena *arena;
    const struct core_layout *layout;
    const struct image_reader *reader;
    const void *source;

    struct image_thread *threads; /* the crashed one first */
    size_t n_threads;
    const uint8_t *vectors; /* of the first one, as the layout has them; NULL: unknown */
    uint64_t threads_left_out;
    struct image_module *modules; /* by start, none overlapping */
    size_t n_modules;

    int signal, code;
    bool has_address;
    uint64_t address;
    bool has_sender; /* the signal was sent, by this process */
    int64_t sender;
    bool has_call; /* a filter of system calls raised it, at that one */
    int call;
    uint32_t call_machine;  /* AUDIT_ARCH_… */
    int64_t pid;            /* 0: unknown */
    const char *executable; /* path; NULL: unknown */
    bool truncated;

    struct image_page pages[IMAGE_PAGES];
    struct image_range last_range; /* what image_range found last; end 0: nothing */
    uint64_t reads;                /* how often the reader was asked for a piece of memory */
};

/* Copies n bytes; false when the dump lacks any of them. */
bool image_read(struct image *i, uint64_t address, void *p, size_t n);
/* A word of the process (4 or 8 bytes) as a number. */
bool image_word(struct image *i, uint64_t address, uint64_t *ret);
bool image_range(struct image *i, uint64_t address, struct image_range *ret);
bool image_above(const struct image *i, uint64_t address, struct image_range *ret);
bool image_file_at(const struct image *i, uint64_t address, struct image_file *ret);
/* NULL when no module holds the address. */
struct image_module *image_module_at(const struct image *i, uint64_t address);

#endif
