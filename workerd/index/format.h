/* SPDX-License-Identifier: Apache-2.0 */
/* The module index as it lies on disk: everything that analysing a crash needs of one build of one
 * file, in one flat file that is mapped and searched and has no pointers. Little-endian, sections
 * aligned to 8 bytes, each an array of one of the rows below or a run of bytes. Addresses are
 * 32-bit offsets from `base`, the lowest address of the file's PT_LOAD segments; a file of 4 GiB or
 * more is refused. A text is an offset into STRINGS, where each ends with NUL; 0 is "" and means
 * "none".
 *
 * Names of functions are as people read them, not as linkers do: demangled, qualified. Only calls
 * and entries, which are matched between files, have symbols.
 *
 * The same sources give the same bytes: nothing here depends on time, order of hashing or memory.
 * docs/engine.md tells why each table is as it is, and what it costs. */
#ifndef CORRAL_WORKERD_INDEX_FORMAT_H
#define CORRAL_WORKERD_INDEX_FORMAT_H

#include <stdint.h>

#define INDEX_MAGIC "CORRALIX"
/* Raised whenever a builder of the same sources would write other bytes. */
#define INDEX_VERSION     2u
#define INDEX_BUILD_ID    136
#define INDEX_SOURCES_MAX 4
#define INDEX_NONE        UINT32_MAX

/* What it was made of. */
enum index_source_kind {
    INDEX_SOURCE_MODULE,    /* the file that was mapped, or an unwind sidecar of it */
    INDEX_SOURCE_DEBUGINFO, /* its separate debug file */
    INDEX_SOURCE_SHARED,    /* what several debug files have in common (dwz(1)) */
};

/* A source as fstat(2) saw it: when one of these differs, the index is out of date. */
struct index_source {
    uint32_t kind; /* enum index_source_kind */
    uint32_t reserved;
    uint64_t size;
    int64_t mtime_sec;
    uint64_t mtime_nsec;
};

enum index_flag {
    INDEX_HAS_CFI = 1,
    INDEX_HAS_SYMBOLS = 2,   /* a full symbol table, not only the dynamic one */
    INDEX_HAS_DEBUG = 4,     /* functions and lines from DWARF */
    INDEX_SIDECAR = 8,       /* made of an unwind sidecar: the executable itself would tell more */
    INDEX_LACKS_SHARED = 16, /* the debug file refers to a shared one that was not at hand */
    INDEX_REFUSED = 32 /* there is nothing in it: no index can be made, debug_problem says why */
};

enum index_section {
    INDEX_SEGMENTS,     /* struct index_segment, as in the file */
    INDEX_CFI_ROWS,     /* struct index_cfi_row, by address */
    INDEX_CFI_RULES,    /* bytes: rules.h */
    INDEX_SYMBOLS,      /* struct index_symbol_row, by address */
    INDEX_SCOPES,       /* bytes: scopes.h; parents before their children */
    INDEX_SCOPE_BLOCKS, /* struct index_block: runs of INDEX_BLOCK_ROWS scope rows */
    INDEX_SCOPE_ROWS,   /* bytes: blocks.h */
    INDEX_LINE_BLOCKS,  /* struct index_block */
    INDEX_LINE_ROWS,    /* bytes: blocks.h */
    INDEX_FILES,        /* struct index_file */
    INDEX_CALLS,        /* struct index_call, by return address */
    INDEX_JUMPS,        /* struct index_jump, by function, then return address */
    INDEX_ENTRIES,      /* struct index_entry, by name */
    INDEX_VARIABLES,    /* struct index_variable, by name */
    INDEX_STRINGS,      /* bytes; the first and the last is NUL */
    INDEX_SECTIONS
};

struct index_extent {
    uint64_t offset, size; /* bytes */
};

struct index_header {
    char magic[8];
    uint32_t version;
    uint32_t header_size;
    uint64_t file_size;
    uint64_t checksum; /* index_checksum of the whole file with this field 0 */
    uint16_t machine;  /* e_machine */
    uint8_t is64;
    uint8_t n_sources;
    uint32_t flags;                /* enum index_flag */
    char build_id[INDEX_BUILD_ID]; /* hexadecimal, NUL-terminated; "" when the file has none */
    uint64_t base;                 /* lowest p_vaddr of PT_LOAD, rounded down to its page */
    uint32_t debug_problem;        /* text: why its DWARF could not be used, or not all; 0 */
    uint32_t shared_id;            /* text: build-id of the shared debug file it refers to; 0 */
    struct index_source sources[INDEX_SOURCES_MAX];
    struct index_extent sections[INDEX_SECTIONS];
};

/* A PT_LOAD segment. */
struct index_segment {
    uint64_t vaddr, offset, filesz, memsz;
    uint32_t flags, reserved;
};

/* From address up to the next row's, the rule at this offset of CFI_RULES holds; INDEX_NONE: no
 * information. */
struct index_cfi_row {
    uint32_t address, rule;
};

/* From address up to the next row's, code belongs to the symbol that begins at start; name 0: to
 * none. Symbols within symbols and labels without a size are resolved when the index is made. */
struct index_symbol_row {
    uint32_t address, start, name;
};

/* Where a run of rows begins, so that a search halves over blocks and then decodes one. */
struct index_block {
    uint32_t address; /* of the first row */
    uint32_t offset;  /* of its bytes in …_ROWS */
};
#define INDEX_BLOCK_ROWS 16u

/* A source file. Its folder may be "" (unknown, or part of the name). */
struct index_file {
    uint32_t folder, name;
};

/* A call whose callee is known; only those that can explain a frame that a jump left out. */
struct index_call {
    uint32_t return_address;
    uint32_t symbol; /* text: of a callee in another file; 0: it is in this one, */
    uint32_t start;  /* and begins there */
};

/* A function ended by jumping to another one in this file. */
struct index_jump {
    uint32_t function;       /* start of the one that jumps */
    uint32_t return_address; /* the address after the jump, as DWARF has it */
    uint32_t target;         /* start of the other */
};

/* The start of a function that has jumps, by its symbol, without a version; of a name that several
 * have, none. */
struct index_entry {
    uint32_t name, start;
};

/* A data symbol that analysis reads: __abort_msg and its like. */
struct index_variable {
    uint32_t name, reserved;
    uint64_t address; /* as in the file, not relative to base */
};

#endif
