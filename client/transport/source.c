/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/source.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/io.h"

#define BLOCK_SIZE (128 * 1024)
#define LEVEL      3

struct source source_range(int fd, uint64_t begin, uint64_t end)
{
    return (struct source){.fd = fd, .begin = begin, .end = end, .at = begin, .pipe = -1};
}

struct source source_pipe(int fd, uint64_t n, int pipe)
{
    return (struct source){.fd = fd, .end = n, .pipe = pipe};
}

struct source source_zstd(int fd, uint64_t n)
{
    struct source s = source_range(fd, 0, n);

    s.zstd = ZSTD_createCCtx();
    s.block = malloc(BLOCK_SIZE);
    if (!s.zstd || !s.block)
        abort();
    (void)ZSTD_CCtx_setParameter(s.zstd, ZSTD_c_compressionLevel, LEVEL);
    return s;
}

void source_fini(struct source *s)
{
    ZSTD_freeCCtx(s->zstd);
    free(s->block);
    s->zstd = NULL;
    s->block = NULL;
}

/* --- Reading --- */

static ssize_t read_pipe(struct source *s, char *data, size_t n)
{
    ssize_t got;

    do
        got = read(s->pipe, data, n);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    s->piped += (uint64_t)got;
    return got;
}

/* A file that is shorter than it was is an error: the length was promised. */
static ssize_t read_plain(struct source *s, char *data, size_t n)
{
    ssize_t got;

    if (s->at >= s->end)
        return s->pipe < 0 ? 0 : read_pipe(s, data, n);
    if (n > s->end - s->at)
        n = (size_t)(s->end - s->at);
    got = io_pread(s->fd, data, n, (off_t)s->at);
    if (got == 0)
        return -EIO;
    if (got > 0)
        s->at += (uint64_t)got;
    return got;
}

static int fill(struct source *s)
{
    ssize_t got = read_plain(s, s->block, BLOCK_SIZE);

    if (got < 0)
        return (int)got;
    s->block_at = 0;
    s->block_n = (size_t)got;
    return 0;
}

/* Until there is something to hand out, or the frame is whole. */
static ssize_t read_zstd(struct source *s, char *data, size_t n)
{
    ZSTD_outBuffer out = {data, n, 0};

    while (out.pos == 0 && !s->ended) {
        ZSTD_inBuffer in;
        size_t left;
        bool last;
        int r = s->block_at == s->block_n && s->at < s->end ? fill(s) : 0;

        if (r < 0)
            return r;
        last = s->at >= s->end;
        in = (ZSTD_inBuffer){s->block, s->block_n, s->block_at};
        left = ZSTD_compressStream2(s->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -EIO;
        s->block_at = in.pos;
        s->ended = last && left == 0;
    }
    return (ssize_t)out.pos;
}

size_t source_read(char *data, size_t size, size_t n, void *source)
{
    struct source *s = source;
    ssize_t got = s->zstd ? read_zstd(s, data, size * n) : read_plain(s, data, size * n);

    if (got >= 0)
        return (size_t)got;
    s->error = (int)got;
    return CURL_READFUNC_ABORT;
}

int source_seek(void *source, curl_off_t offset, int whence)
{
    struct source *s = source;

    if (whence != SEEK_SET || s->piped > 0 || (s->zstd && offset != 0))
        return CURL_SEEKFUNC_CANTSEEK;
    if (s->zstd) {
        (void)ZSTD_CCtx_reset(s->zstd, ZSTD_reset_session_only);
        s->block_at = s->block_n = 0;
        s->ended = false;
    }
    s->at = s->begin + (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}
