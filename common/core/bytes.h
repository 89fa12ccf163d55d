/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes at rest: a buffer, or a regular file that is read piece by piece. Files are not mapped: a
 * core may be larger than the address space a sandbox leaves us, and whoever may cut a file short
 * could kill the reader of a mapping with SIGBUS. Borrows buffer and descriptor. */
#ifndef CORRAL_CORE_BYTES_H
#define CORRAL_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum bytes_outcome {
    BYTES_NOT_REGULAR = 1, /* a folder, a pipe, a device: not at rest */
    BYTES_MISSING,         /* the range is not, or not all of it, within the bytes */
};

struct bytes {
    const uint8_t *data; /* NULL: in the file */
    int fd;
    uint64_t size;
    const uint8_t *head; /* of a file: its first bytes, which are not read again */
    size_t n_head;
};

struct bytes bytes_of_memory(const void *p, size_t n);
/* BYTES_NOT_REGULAR. */
int bytes_of_file(int fd, struct bytes *ret);
/* Reads the first bytes of a file into a buffer that lives as long as they are looked at: most of
 * what is asked of an ELF file lies there. -errno. */
int bytes_read_head(struct bytes *b, void *head, size_t n);
/* Copies up to n bytes from offset; returns how many there are, or -errno. */
ssize_t bytes_read(const struct bytes *b, uint64_t offset, void *p, size_t n);

/* n bytes from offset in one piece: borrowed where they lie in memory, else read to the heap, which
 * *holder then owns (free(3); it comes in as NULL). BYTES_MISSING, -ENOMEM, -errno of reading. */
int bytes_borrow(const struct bytes *b, uint64_t offset, size_t n, void **holder,
                 const uint8_t **ret);

/* How many of size bytes from offset on there are. */
static inline uint64_t bytes_present(const struct bytes *b, uint64_t offset, uint64_t size)
{
    uint64_t there = offset < b->size ? b->size - offset : 0;

    return size < there ? size : there;
}

/* True when [offset, offset + n) lies within size; no sum overflows. */
static inline bool range_within(uint64_t offset, uint64_t n, uint64_t size)
{
    return offset <= size && n <= size - offset;
}

#endif
