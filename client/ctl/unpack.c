/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define BLOCK      (128u * 1024)
#define HOLE       4096u /* the grain of holes */
#define WINDOW_LOG 27    /* as zstd(1) itself accepts */

struct unpack {
    int from, to;
    uint64_t max, written, size; /* bytes of data, and with holes */
    char in[BLOCK], out[BLOCK];
};

static bool all_zero(const char *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static int put(struct unpack *u, const char *p, size_t n)
{
    if (n > UNPACK_SIZE_MAX - u->size)
        return -EFBIG;
    for (size_t at = 0, part; at < n; at += part) {
        ssize_t done;

        part = n - at < HOLE ? n - at : HOLE;
        if (!all_zero(p + at, part)) {
            u->written += part;
            if (u->written > u->max)
                return -EFBIG;
            done = pwrite(u->to, p + at, part, (off_t)(u->size + at));
            if (done != (ssize_t)part)
                return done < 0 ? -errno : -ENOSPC;
        }
    }
    u->size += n;
    return 0;
}

static void free_decompressor(ZSTD_DCtx *d)
{
    ZSTD_freeDCtx(d);
}
DEFINE_CLEANUP(cleanup_decompressor, ZSTD_DCtx, free_decompressor)

static int inflate(struct unpack *u)
{
    _cleanup_(cleanup_decompressor) ZSTD_DCtx *d = ZSTD_createDCtx();
    size_t left = 1;
    ssize_t n;
    int r;

    if (!d)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG);
    while ((n = io_read(u->from, u->in, BLOCK)) > 0) {
        ZSTD_inBuffer in = {u->in, (size_t)n, 0};
        bool more = true;

        while (in.pos < in.size || more) {
            ZSTD_outBuffer out = {u->out, BLOCK, 0};

            left = ZSTD_decompressStream(d, &out, &in);
            if (ZSTD_isError(left))
                return -EBADMSG;
            r = put(u, u->out, out.pos);
            if (r < 0)
                return r;
            /* At the end of a frame a further call would begin another one. */
            more = left != 0 && out.pos == out.size;
        }
    }
    return n < 0 ? (int)n : left != 0 ? -EBADMSG : 0;
}

static int copy(struct unpack *u)
{
    ssize_t n;
    int r = 0;

    while (r == 0 && (n = io_read(u->from, u->in, BLOCK)) > 0)
        r = put(u, u->in, (size_t)n);
    return r < 0 ? r : n < 0 ? (int)n : 0;
}

int unpack_file(int from, int to, uint64_t max)
{
    static const unsigned char magic[] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878 */
    _cleanup_free_ struct unpack *u = malloc(sizeof(*u));
    unsigned char head[sizeof(magic)];
    int r;

    if (!u)
        return -ENOMEM;
    *u = (struct unpack){.from = from, .to = to, .max = max};
    if (lseek(from, 0, SEEK_SET) < 0)
        return -errno;
    if (io_pread(from, head, sizeof(head), 0) == sizeof(head) &&
        memcmp(head, magic, sizeof(magic)) == 0)
        r = inflate(u);
    else
        r = copy(u);
    if (r == 0 && ftruncate(to, (off_t)u->size) < 0)
        r = -errno;
    return r;
}

int unpack_temporary(int from, int *ret_fd)
{
    _cleanup_fd_ int to =
        open(getenv("TMPDIR") ?: "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int r = to < 0 ? -errno : unpack_file(from, to, UNPACK_TEMPORARY_MAX);

    if (r < 0)
        return r;
    *ret_fd = TAKE_FD(to);
    return 0;
}
