/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* inflate_add on any bytes, in pieces, with a receiver that has enough at some point. */
#include <assert.h>
#include <stdint.h>

#include "ingestd/inflate.h"

#define ENOUGH (4u * 1024 * 1024)
#define PIECE  37

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(void *arg, const void *p, size_t n)
{
    size_t *taken = arg;

    (void)p;
    *taken += n;
    return *taken > ENOUGH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inflate *i;
    size_t taken = 0;
    int r = 0;

    if (inflate_new(&i) < 0)
        return 0;
    for (size_t at = 0; at < size && r == 0; at += PIECE)
        r = inflate_add(i, data + at, size - at < PIECE ? size - at : PIECE, put, &taken);
    assert(r == 0 || r == INFLATE_MALFORMED || r == INFLATE_STOPPED);
    assert((r == INFLATE_STOPPED) == (taken > ENOUGH));
    inflate_free(i);
    return 0;
}
