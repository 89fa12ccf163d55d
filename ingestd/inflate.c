/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/inflate.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>

#include "common/base/cleanup.h"

struct inflate {
    ZSTD_DCtx *reader;
    bool whole;
    size_t out_size;
    char out[];
};

DEFINE_CLEANUP(cleanup_inflate, struct inflate, inflate_free)

int inflate_new(struct inflate **ret)
{
    size_t out_size = ZSTD_DStreamOutSize();
    _cleanup_(cleanup_inflate) struct inflate *i = calloc(1, sizeof(*i) + out_size);

    if (!i)
        return -ENOMEM;
    i->out_size = out_size;
    i->reader = ZSTD_createDCtx();
    if (!i->reader)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(i->reader, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG);
    *ret = TAKE_PTR(i);
    return 0;
}

void inflate_free(struct inflate *i)
{
    if (!i)
        return;
    ZSTD_freeDCtx(i->reader);
    free(i);
}

/* One buffer full at most. True: call again, there may be more. */
static bool has_more(const ZSTD_inBuffer *in, const ZSTD_outBuffer *out)
{
    return in->pos < in->size || out->pos == out->size;
}

int inflate_add(struct inflate *i, const void *p, size_t n,
                int (*put)(void *arg, const void *p, size_t n), void *arg)
{
    ZSTD_inBuffer in = {p, n, 0};
    ZSTD_outBuffer out;

    if (n == 0)
        return 0;
    do {
        size_t left;

        out = (ZSTD_outBuffer){i->out, i->out_size, 0};
        left = ZSTD_decompressStream(i->reader, &out, &in);
        if (ZSTD_isError(left))
            return INFLATE_MALFORMED;
        i->whole = left == 0;
        if (out.pos > 0 && put(arg, out.dst, out.pos) != 0)
            return INFLATE_STOPPED;
    } while (has_more(&in, &out));
    return 0;
}

bool inflate_whole(const struct inflate *i)
{
    return i->whole;
}
