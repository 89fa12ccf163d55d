/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/core_head.h"

#include <errno.h>
#include <string.h>

#include <zstd.h>

#include "common/core/elf.h"

/* What zstd -19 --long asks for: 128 MiB of address space, touched as far as it is used. */
#define WINDOW_LOG 27

static int check(struct core_head *h)
{
    struct elf_view view;

    if (h->len < CORE_HEAD_SIZE)
        return 0;
    if (elf_open(h->head, CORE_HEAD_SIZE, &view) != 0 || view.type != ET_CORE)
        return CORE_HEAD_NOT_A_CORE;
    h->is_core = true;
    core_head_fini(h);
    return 0;
}

static int read_plain(struct core_head *h, const uint8_t *p, size_t n)
{
    size_t room = CORE_HEAD_SIZE - h->len;

    if (n > room)
        n = room;
    memcpy(h->head + h->len, p, n);
    h->len += n;
    return check(h);
}

static int read_zstd(struct core_head *h, const uint8_t *p, size_t n)
{
    ZSTD_inBuffer in = {p, n, 0};

    if (h->wire > CORE_HEAD_WIRE_MAX)
        return CORE_HEAD_NOT_A_CORE;
    h->wire += n;
    while (in.pos < in.size && h->len < CORE_HEAD_SIZE) {
        ZSTD_outBuffer out = {h->head, CORE_HEAD_SIZE, h->len};
        size_t r = ZSTD_decompressStream(h->reader, &out, &in);

        h->len = out.pos;
        if (ZSTD_isError(r))
            return h->len == CORE_HEAD_SIZE ? check(h) : CORE_HEAD_NOT_A_CORE;
    }
    return check(h);
}

static int read_bytes(struct core_head *h, const uint8_t *p, size_t n)
{
    return h->encoding == CORE_ZSTD ? read_zstd(h, p, n) : read_plain(h, p, n);
}

/* Who says what the bytes are is the bytes. What is no ELF is taken for zstd, whose reader then
 * says no. */
static int choose_encoding(struct core_head *h)
{
    if (memcmp(h->magic, ELFMAG, SELFMAG) == 0) {
        h->encoding = CORE_IDENTITY;
        return 0;
    }
    h->encoding = CORE_ZSTD;
    h->reader = ZSTD_createDCtx();
    if (!h->reader)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(h->reader, ZSTD_d_windowLogMax, WINDOW_LOG);
    return 0;
}

/* Holds back the first bytes until the magic is complete. */
static int add_magic(struct core_head *h, const uint8_t **p, size_t *n)
{
    int r;

    while (h->magic_len<CORE_HEAD_MAGIC && * n> 0) {
        h->magic[h->magic_len++] = *(*p)++;
        (*n)--;
    }
    if (h->magic_len < CORE_HEAD_MAGIC)
        return 0;
    r = choose_encoding(h);
    return r ? r : read_bytes(h, h->magic, CORE_HEAD_MAGIC);
}

int core_head_add(struct core_head *h, const void *p, size_t n)
{
    const uint8_t *at = p;
    int r = 0;

    if (h->is_core)
        return 0;
    if (h->magic_len < CORE_HEAD_MAGIC)
        r = add_magic(h, &at, &n);
    return r || n == 0 || h->magic_len < CORE_HEAD_MAGIC ? r : read_bytes(h, at, n);
}

void core_head_fini(struct core_head *h)
{
    ZSTD_freeDCtx(h->reader);
    h->reader = NULL;
}
