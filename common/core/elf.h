/* SPDX-License-Identifier: Apache-2.0 */
/* A bounds-checked view of an ELF file's headers and notes: enough to tell what a file is and which
 * build-id it carries, on bytes that nobody vouches for. Little- and big-endian files of either
 * class are told apart; only little-endian ones are read further. Pure; the view borrows the bytes.
 * */
#ifndef CORRAL_CORE_ELF_H
#define CORRAL_CORE_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_PHDRS_MAX     131072u /* a process may have 65,530 mappings, and more by sysctl */
#define ELF_BUILD_ID_MAX  64
#define ELF_BUILD_ID_TEXT (2 * ELF_BUILD_ID_MAX + 1)
#define ELF_NOTES_MAX     (64u * 1024 * 1024)

/* Positive outcomes. */
enum elf_outcome {
    ELF_NOT_ELF = 1, /* no magic, or a class or byte order that is not read */
    ELF_MALFORMED,   /* a header points outside of the bytes, or is over a limit */
    ELF_NO_BUILD_ID,
};

struct elf_view {
    const uint8_t *data;
    size_t size;
    bool is64;
    uint16_t type;    /* ET_CORE, ET_EXEC, ET_DYN */
    uint16_t machine; /* EM_X86_64, … */
    uint64_t phoff, shoff, entry;
    uint32_t phnum,
        shnum; /* extended numbering (PN_XNUM) resolved where the section header is at hand */
    uint16_t phentsize, shentsize, shstrndx;
    bool phnum_unknown; /* PN_XNUM, and section header 0 is not within the bytes */
};

/* A program header of either class. */
struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, filesz, memsz, align;
};

/* A section header of either class. */
struct elf_section {
    uint32_t name, type, link, info;
    uint64_t flags, address, offset, size, align;
};

struct elf_note {
    uint32_t type;
    const char *name; /* not NUL-terminated by contract */
    size_t name_size; /* with the terminator that the file has */
    const uint8_t *desc;
    size_t desc_size;
};

/* ELF_NOT_ELF, ELF_MALFORMED. Only the ELF header needs to be within the bytes. */
int elf_open(const void *data, size_t size, struct elf_view *ret);
/* The i-th program header; ELF_MALFORMED when it is outside of the bytes. */
int elf_segment(const struct elf_view *v, uint32_t i, struct elf_segment *ret);
/* A row of the table of program headers or of sections: phentsize or shentsize bytes, aligned or
 * not. */
struct elf_segment elf_segment_row(const uint8_t *p, bool is64);
struct elf_section elf_section_row(const uint8_t *p, bool is64);
/* Walks a note segment: *offset starts at 0; 0 with a note, ELF_MALFORMED on a broken one,
 * ELF_NOT_ELF at the end. */
int elf_note_next(const uint8_t *notes, size_t size, size_t align, size_t *offset,
                  struct elf_note *ret);
/* NT_GNU_BUILD_ID from PT_NOTE segments, or from SHT_NOTE sections when there are no segments
 * (separate debug files have both, but their PT_NOTE may hold no bytes). Lower-case hexadecimal.
 * ELF_NO_BUILD_ID, ELF_MALFORMED.
 *
 * Go's linker writes none. Where all notes are at hand and none is GNU's, its own stands in (name
 * "Go", type 4, a text of hashes with slashes between them): the last 20 characters, or as few as
 * 16, of what follows the last slash, which is a hash of the content, taken as the bytes of a
 * build-id. */
int elf_build_id(const struct elf_view *v, char ret[static ELF_BUILD_ID_TEXT]);

/* elf_build_id of an open regular file, without mapping it (see bytes.h); also ELF_NOT_ELF. */
int elf_build_id_fd(int fd, char ret[static ELF_BUILD_ID_TEXT]);

/* Whether an open file is all there: linkers put the section headers last, so they are what is
 * missing first of one that was cut off. (A program header tells nothing in a separate debug file,
 * which has those of the file that it was taken from.) 0, ELF_MALFORMED, ELF_NOT_ELF. */
int elf_check_whole_fd(int fd);

#endif
