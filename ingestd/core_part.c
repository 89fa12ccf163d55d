/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/core_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/core/elf.h"

#define MAGIC_SIZE 4
#define HEAD_SIZE  64 /* sizeof(Elf64_Ehdr); a core of 32 bits is longer than that, too */
/* The first block is decompressed whole before a byte of it comes out; blocks are at most 128 KiB
 * (RFC 8878 section 3.1.1.2.3), and before it there may be a skippable frame or two. */
#define HEAD_WIRE_MAX (512 * 1024)
/* What zstd -19 --long asks for: 128 MiB of address space, touched as far as it is used. */
#define WINDOW_LOG 27
#define LEVEL      1 /* keeps up with the wire */
#define FILE_MODE  0640

struct core_part {
    int fd;
    uint64_t max, received, stored;
    struct digest *digest;
    uint8_t magic[MAGIC_SIZE];
    size_t magic_len;
    enum core_encoding encoding; /* once the magic is complete */
    uint8_t head[HEAD_SIZE];
    size_t head_len;
    uint64_t head_wire; /* compressed bytes looked through for it */
    bool is_core;       /* the head was complete and right */
    ZSTD_DCtx *reader;  /* of the head; NULL before and afterwards */
    ZSTD_CCtx *writer;  /* of an uncompressed core */
    size_t out_size;
    uint8_t out[];
};

/* --- Is it one? --- */

static int check_head(struct core_part *c)
{
    struct elf_view view;

    if (c->head_len < HEAD_SIZE)
        return 0;
    if (elf_open(c->head, HEAD_SIZE, &view) != 0 || view.type != ET_CORE)
        return CORE_PART_NOT_A_CORE;
    c->is_core = true;
    ZSTD_freeDCtx(c->reader);
    c->reader = NULL;
    return 0;
}

static int read_plain_head(struct core_part *c, const uint8_t *p, size_t n)
{
    size_t room = HEAD_SIZE - c->head_len;

    if (n > room)
        n = room;
    memcpy(c->head + c->head_len, p, n);
    c->head_len += n;
    return check_head(c);
}

static int read_zstd_head(struct core_part *c, const uint8_t *p, size_t n)
{
    ZSTD_inBuffer in = {p, n, 0};

    if (c->head_wire > HEAD_WIRE_MAX)
        return CORE_PART_NOT_A_CORE;
    c->head_wire += n;
    while (in.pos < in.size && c->head_len < HEAD_SIZE) {
        ZSTD_outBuffer out = {c->head, HEAD_SIZE, c->head_len};
        size_t r = ZSTD_decompressStream(c->reader, &out, &in);

        c->head_len = out.pos;
        if (ZSTD_isError(r))
            return c->head_len == HEAD_SIZE ? check_head(c) : CORE_PART_NOT_A_CORE;
    }
    return check_head(c);
}

static int check(struct core_part *c, const uint8_t *p, size_t n)
{
    if (c->is_core)
        return 0;
    return c->encoding == CORE_ZSTD ? read_zstd_head(c, p, n) : read_plain_head(c, p, n);
}

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

static int process(struct core_part *c, const uint8_t *p, size_t n)
{
    int r = check(c, p, n);

    if (r)
        return r;
    return c->encoding == CORE_ZSTD ? store_bytes(c, p, n) : compress(c, p, n, ZSTD_e_continue);
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
    ZSTD_freeDCtx(c->reader);
    ZSTD_freeCCtx(c->writer);
    free(c);
}

/* Who says what the bytes are is the bytes. What is no ELF is taken for zstd, whose reader then
 * says no. */
static int choose_encoding(struct core_part *c)
{
    if (memcmp(c->magic, ELFMAG, SELFMAG) == 0) {
        c->encoding = CORE_IDENTITY;
        c->writer = ZSTD_createCCtx();
        if (!c->writer)
            return -ENOMEM;
        ZSTD_CCtx_setParameter(c->writer, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(c->writer, ZSTD_c_checksumFlag, 1);
        return 0;
    }
    c->encoding = CORE_ZSTD;
    c->reader = ZSTD_createDCtx();
    if (!c->reader)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(c->reader, ZSTD_d_windowLogMax, WINDOW_LOG);
    return 0;
}

/* Holds back the first bytes until the magic is complete. */
static int add_magic(struct core_part *c, const uint8_t **p, size_t *n)
{
    int r;

    while (c->magic_len<MAGIC_SIZE && * n> 0) {
        c->magic[c->magic_len++] = *(*p)++;
        (*n)--;
    }
    if (c->magic_len < MAGIC_SIZE)
        return 0;
    r = choose_encoding(c);
    return r ? r : process(c, c->magic, MAGIC_SIZE);
}

int core_part_add(struct core_part *c, const void *p, size_t n)
{
    const uint8_t *at = p;
    int r = 0;

    if (n > c->max - c->received)
        return CORE_PART_TOO_LARGE;
    c->received += n;
    digest_add(c->digest, p, n);
    if (c->magic_len < MAGIC_SIZE)
        r = add_magic(c, &at, &n);
    return r || n == 0 ? r : process(c, at, n);
}

int core_part_finish(struct core_part *c, struct core_summary *ret)
{
    uint8_t digest[SHA256_SIZE];
    int r = 0;

    if (!c->is_core)
        return CORE_PART_NOT_A_CORE;
    if (c->encoding == CORE_IDENTITY)
        r = compress(c, NULL, 0, ZSTD_e_end);
    if (r < 0)
        return r;
    if (fsync(c->fd) < 0)
        return -errno;
    digest_finish(c->digest, digest);
    ret->encoding = c->encoding;
    ret->received = c->received;
    ret->stored = c->stored;
    hex_encode(digest, SHA256_SIZE, ret->sha256);
    return 0;
}
