/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define BLOCK_SIZE (64u * 1024)
#define LEVEL      3

static void free_compressor(ZSTD_CCtx *c)
{
    ZSTD_freeCCtx(c);
}
DEFINE_CLEANUP(cleanup_compressor, ZSTD_CCtx, free_compressor)

static int put(ZSTD_CCtx *c, ZSTD_inBuffer in, ZSTD_EndDirective end, int to)
{
    char block[BLOCK_SIZE];
    size_t left;

    do {
        ZSTD_outBuffer out = {block, sizeof(block), 0};
        int r;

        left = ZSTD_compressStream2(c, &out, &in, end);
        if (ZSTD_isError(left))
            return -ENOMEM;
        r = io_write(to, block, out.pos);
        if (r < 0)
            return r;
    } while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return 0;
}

static int pack(ZSTD_CCtx *c, int from, int to)
{
    _cleanup_free_ char *block = malloc(BLOCK_SIZE);
    off_t at = 0;
    ssize_t n;

    if (!c || !block)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    while ((n = io_pread(from, block, BLOCK_SIZE, at)) > 0) {
        int r = put(c, (ZSTD_inBuffer){block, (size_t)n, 0}, ZSTD_e_continue, to);

        if (r < 0)
            return r;
        at += n;
    }
    return n < 0 ? (int)n : put(c, (ZSTD_inBuffer){0}, ZSTD_e_end, to);
}

int pack_file(int fd, int *ret_fd)
{
    _cleanup_(cleanup_compressor) ZSTD_CCtx *compressor = ZSTD_createCCtx();
    _cleanup_fd_ int to =
        open(getenv("TMPDIR") ?: "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int r;

    if (to < 0)
        return -errno;
    r = pack(compressor, fd, to);
    if (r < 0)
        return r;
    *ret_fd = TAKE_FD(to);
    return 0;
}
