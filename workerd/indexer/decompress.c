/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/decompress.h"

#include <stdbool.h>
#include <stdlib.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "common/base/cleanup.h"

#define SECTION_MAX UINT32_MAX /* bytes of one section, on either side: what zlib counts in */
#define ZLIB_RATIO  1040u      /* deflate cannot do better than 1032 to 1 */
#define XZ_FIRST    (1u << 16) /* bytes; doubled as more come */

/* Some linkers put the compressed sections of their inputs one behind the other, so there may be
 * several streams. */
static bool inflate_all(struct span in, uint8_t *out, size_t size)
{
    z_stream z = {
        .next_in = (z_const Bytef *)(uintptr_t)in.data, /* not const before zlib 1.2.6; read only */
        .avail_in = (uInt)in.size,
        .next_out = out,
        .avail_out = (uInt)size,
    };
    bool good = inflateInit(&z) == Z_OK;

    while (good && z.avail_out > 0)
        good = z.avail_in > 0 && inflate(&z, Z_FINISH) == Z_STREAM_END && inflateReset(&z) == Z_OK;
    inflateEnd(&z);
    return good;
}

static bool is_plausible(enum compression how, struct span in, uint64_t size)
{
    if (size == 0 || size > SECTION_MAX || in.size == 0 || in.size > SECTION_MAX)
        return false;
    return how != COMPRESSION_ZLIB || size / ZLIB_RATIO <= in.size;
}

void *decompress_known(enum compression how, struct span in, uint64_t size,
                       struct memory_budget *budget)
{
    _cleanup_free_ uint8_t *out = NULL;

    if (!is_plausible(how, in, size) || size > budget->left)
        return NULL;
    budget->left -= size;
    out = malloc(size);
    if (!out)
        return NULL;
    bool good = how == COMPRESSION_ZLIB ? inflate_all(in, out, size)
                                        : ZSTD_decompress(out, size, in.data, in.size) == size;

    return good ? TAKE_PTR(out) : NULL;
}

/* Doubles the room, within the budget; false when that is not to be had. */
static bool grow(uint8_t **out, size_t *capacity, uint64_t max)
{
    uint64_t wanted = *capacity > 0 ? 2 * (uint64_t)*capacity : XZ_FIRST;
    uint8_t *larger;

    if (wanted > max)
        wanted = max;
    if (wanted <= *capacity || wanted > SECTION_MAX)
        return false;
    larger = realloc(*out, wanted);
    if (!larger)
        return false;
    *out = larger;
    *capacity = wanted;
    return true;
}

struct span decompress_xz(struct span in, struct memory_budget *budget)
{
    lzma_stream z = LZMA_STREAM_INIT;
    _cleanup_free_ uint8_t *out = NULL;
    size_t capacity = 0;
    lzma_ret r = lzma_stream_decoder(&z, DECOMPRESS_XZ_MEMORY, 0);

    z.next_in = in.data;
    z.avail_in = in.size;
    while (r == LZMA_OK && grow(&out, &capacity, budget->left)) {
        z.next_out = out + z.total_out;
        z.avail_out = capacity - z.total_out;
        do
            r = lzma_code(&z, LZMA_FINISH);
        while (r == LZMA_OK && z.avail_out > 0);
    }
    size_t size = z.total_out;

    lzma_end(&z);
    budget->left -= size;
    return r == LZMA_STREAM_END ? (struct span){TAKE_PTR(out), size} : (struct span){NULL, 0};
}
