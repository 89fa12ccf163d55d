/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/engine/mapped.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int mapped_open(int fd, struct mapped *ret)
{
    struct stat st;
    void *p;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_size == 0) {
        *ret = (struct mapped){0};
        return 0;
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    *ret = (struct mapped){.data = p, .size = (size_t)st.st_size};
    return 0;
}

void mapped_close(struct mapped *m)
{
    void *p;

    if (!m->data)
        return;
    memcpy(&p, &m->data, sizeof(p)); /* munmap(2) takes it without const */
    munmap(p, m->size);
    *m = (struct mapped){0};
}
