/* SPDX-License-Identifier: Apache-2.0 */
/* A file as bytes, read-only. */
#ifndef CORRAL_WORKERD_ENGINE_MAPPED_H
#define CORRAL_WORKERD_ENGINE_MAPPED_H

#include <stddef.h>
#include <stdint.h>

struct mapped {
    const uint8_t *data; /* NULL: empty */
    size_t size;
};

/* Of a regular file. -EINVAL for anything else. Stays until mapped_close. */
int mapped_open(int fd, struct mapped *ret);
void mapped_close(struct mapped *m);

#endif
