/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/core_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/io.h"

#include "ingestd/core_head.h"

#define LEVEL     1 /* keeps up with the wire */
#define FILE_MODE 0640

struct core_part {
    int fd;
    uint64_t max, received, stored;
    struct digest *digest;
    struct core_head head;
    ZSTD_CCtx *writer; /* of an uncompressed core */
    size_t out_size;
    uint8_t out[];
};

/* --- Storing --- */

static int store_bytes(struct core_part *c, const void *p, size_t n)
{
    c->stored += n;
    return io_write(c->fd, p, n);
}

static int compress(struct core_part *c, const void *p, size_t n, ZSTD_EndDirective directive)
{
    ZSTD_inBuffer in = {p, n, 0};
    size_t left;

    do {
        ZSTD_outBuffer out = {c->out, c->out_size, 0};
        int r;

        left = ZSTD_compressStream2(c->writer, &out, &in, directive);
        if (ZSTD_isError(left))
            return -ENOMEM; /* nothing else can go wrong */
        r = store_bytes(c, out.dst, out.pos);
        if (r < 0)
            return r;
    } while (directive == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return 0;
}

/* The encoding is known from the fourth byte on: what came before is handed on with that one. */
static int process(struct core_part *c, const uint8_t *p, size_t n)
{
    return c->head.encoding == CORE_ZSTD ? store_bytes(c, p, n)
                                         : compress(c, p, n, ZSTD_e_continue);
}

static int begin_writer(struct core_part *c)
{
    if (c->head.encoding == CORE_ZSTD)
        return 0;
    c->writer = ZSTD_createCCtx();
    if (!c->writer)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(c->writer, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(c->writer, ZSTD_c_checksumFlag, 1);
    return 0;
}

/* --- The interface --- */

int core_part_new(int dir_fd, uint64_t max, struct core_part **ret)
{
    _cleanup_fd_ int fd =
        openat(dir_fd, "core.zst", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    size_t out_size = ZSTD_CStreamOutSize();
    struct core_part *c;

    if (fd < 0)
        return -errno;
    c = calloc(1, sizeof(*c) + out_size);
    if (!c)
        return -ENOMEM;
    c->fd = TAKE_FD(fd);
    c->max = max;
    c->out_size = out_size;
    c->digest = digest_new();
    *ret = c;
    return 0;
}

void core_part_free(struct core_part *c)
{
    if (!c)
        return;
    close(c->fd);
    digest_free(c->digest);
    core_head_fini(&c->head);
    ZSTD_freeCCtx(c->writer);
    free(c);
}

/* The first bytes of all, once there are enough to tell what they are. */
static int begin_stream(struct core_part *c)
{
    int r = begin_writer(c);

    return r ? r : process(c, c->head.magic, CORE_HEAD_MAGIC);
}

int core_part_add(struct core_part *c, const void *p, size_t n)
{
    size_t before = c->head.magic_len, taken;
    int r;

    if (n > c->max - c->received)
        return CORE_PART_TOO_LARGE;
    c->received += n;
    digest_add(c->digest, p, n);
    r = core_head_add(&c->head, p, n);
    if (r)
        return r == CORE_HEAD_NOT_A_CORE ? CORE_PART_NOT_A_CORE : r;
    taken = c->head.magic_len - before;
    if (taken > 0 && c->head.magic_len == CORE_HEAD_MAGIC)
        r = begin_stream(c);
    return r || n == taken ? r : process(c, (const uint8_t *)p + taken, n - taken);
}

int core_part_finish(struct core_part *c, struct core_summary *ret)
{
    uint8_t digest[SHA256_SIZE];
    int r = 0;

    if (!c->head.is_core)
        return CORE_PART_NOT_A_CORE;
    if (c->head.encoding == CORE_IDENTITY)
        r = compress(c, NULL, 0, ZSTD_e_end);
    if (r < 0)
        return r;
    if (fsync(c->fd) < 0)
        return -errno;
    digest_finish(c->digest, digest);
    ret->encoding = c->head.encoding;
    ret->received = c->received;
    ret->stored = c->stored;
    hex_encode(digest, SHA256_SIZE, ret->sha256);
    return 0;
}
