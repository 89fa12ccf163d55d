/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/squeeze.h"

#include <errno.h>
#include <stdint.h>

#include <zstd.h>

#include "common/base/cleanup.h"

#define LEVEL    3
#define OUT_SIZE (128u * 1024) /* ZSTD_CStreamOutSize() */

DEFINE_CLEANUP(cleanup_compressor, ZSTD_CCtx, (void)ZSTD_freeCCtx)

struct squeeze {
    ZSTD_CCtx *compressor;
    const struct sink *to;
    struct chain *chain;
    uint8_t *out;
};

static int push(struct squeeze *s, ZSTD_inBuffer *in, ZSTD_EndDirective how)
{
    size_t left;

    do {
        ZSTD_outBuffer out = {s->out, OUT_SIZE, 0};
        int r;

        left = ZSTD_compressStream2(s->compressor, &out, in, how);
        if (ZSTD_isError(left))
            return -ENOMEM;
        r = out.pos > 0 ? sink_write(s->to, s->out, out.pos) : 0;
        if (r < 0)
            return r;
    } while (how == ZSTD_e_end ? left > 0 : in->pos < in->size);
    return 0;
}

static int take(void *arg, const void *p, size_t n)
{
    struct squeeze *s = arg;
    ZSTD_inBuffer in = {p, n, 0};

    if (s->chain)
        chain_feed(s->chain, p, n);
    return push(s, &in, ZSTD_e_continue);
}

int squeeze_slim(const struct slim *slim, const struct sink *to, struct chain *chain)
{
    _cleanup_(cleanup_compressor) ZSTD_CCtx *compressor = ZSTD_createCCtx();
    _cleanup_free_ uint8_t *out = malloc(OUT_SIZE);
    struct squeeze s = {.compressor = compressor, .to = to, .chain = chain, .out = out};
    ZSTD_inBuffer nothing = {NULL, 0, 0};
    int r;

    if (!compressor || !out)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
    (void)ZSTD_CCtx_setPledgedSrcSize(compressor, slim_size(slim));
    r = slim_write(slim, take, &s);
    return r < 0 ? r : push(&s, &nothing, ZSTD_e_end);
}
