/* SPDX-License-Identifier: Apache-2.0 */
#include "common/core/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/io.h"

struct bytes bytes_of_memory(const void *p, size_t n)
{
    return (struct bytes){.data = p ? p : (const void *)"", .fd = -1, .size = n};
}

int bytes_of_file(int fd, struct bytes *ret)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return BYTES_NOT_REGULAR;
    *ret = (struct bytes){.fd = fd, .size = (uint64_t)st.st_size};
    return 0;
}

int bytes_read_head(struct bytes *b, void *head, size_t n)
{
    ssize_t got = bytes_read(b, 0, head, n);

    if (got < 0)
        return (int)got;
    b->head = head;
    b->n_head = (size_t)got;
    return 0;
}

ssize_t bytes_read(const struct bytes *b, uint64_t offset, void *p, size_t n)
{
    const uint8_t *from = b->data;

    if (offset >= b->size)
        return 0;
    if (n > b->size - offset)
        n = (size_t)(b->size - offset);
    if (b->head && range_within(offset, n, b->n_head))
        from = b->head;
    if (!from)
        return io_pread(b->fd, p, n, (off_t)offset);
    memcpy(p, from + offset, n);
    return (ssize_t)n;
}

int bytes_borrow(const struct bytes *b, uint64_t offset, size_t n, void **holder,
                 const uint8_t **ret)
{
    if (!range_within(offset, n, b->size))
        return BYTES_MISSING;
    if (b->data) {
        *ret = b->data + offset;
        return 0;
    }
    *holder = malloc(n ? n : 1);
    if (!*holder)
        return -ENOMEM;
    ssize_t got = bytes_read(b, offset, *holder, n);

    if (got < 0)
        return (int)got;
    if ((size_t)got != n)
        return BYTES_MISSING;
    *ret = *holder;
    return 0;
}
