/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/inflate.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "tests/lib/unit.h"

#define BYTES 1000000

static char original[BYTES], packed[2 * BYTES];
static size_t packed_size;

static void pack(void)
{
    random_bytes(original, BYTES / 2);
    memset(original + BYTES / 2, 'x', BYTES / 2);
    packed_size = ZSTD_compress(packed, sizeof(packed), original, BYTES, 3);
    ck_assert(!ZSTD_isError(packed_size));
}

static int put(void *arg, const void *p, size_t n)
{
    buf_add(arg, p, n);
    return buf_error(arg);
}

static int inflate_all(const void *p, size_t n, size_t step, struct buf *b, bool *ret_whole)
{
    struct inflate *i;
    int r = 0;

    ck_assert_int_eq(inflate_new(&i), 0);
    for (size_t at = 0; at < n && r == 0; at += step)
        r = inflate_add(i, (const char *)p + at, n - at < step ? n - at : step, put, b);
    *ret_whole = inflate_whole(i);
    inflate_free(i);
    return r;
}

START_TEST(any_pieces)
{
    static const size_t steps[] = {1, 7, 4096, 2 * BYTES};
    bool whole;

    pack();
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT(BYTES);

        ck_assert_int_eq(inflate_all(packed, packed_size, steps[i], &b, &whole), 0);
        ck_assert(whole && b.len == BYTES && memcmp(b.data, original, BYTES) == 0);
    }
}
END_TEST

START_TEST(cut_or_damaged)
{
    _cleanup_buf_ struct buf b = BUF_INIT(BYTES);
    bool whole;

    pack();
    ck_assert_int_eq(inflate_all(packed, packed_size - 1, BYTES, &b, &whole), 0);
    ck_assert(!whole);
    ck_assert_int_eq(inflate_all(packed, 0, BYTES, &b, &whole), 0);
    ck_assert(!whole);
    ck_assert_int_eq(inflate_all("\177ELF is no zstd", 15, BYTES, &b, &whole), INFLATE_MALFORMED);
    packed[0] ^= 1;
    ck_assert_int_eq(inflate_all(packed, packed_size, BYTES, &b, &whole), INFLATE_MALFORMED);
}
END_TEST

/* The receiver has the last word on how much it takes. */
START_TEST(bomb)
{
    _cleanup_buf_ struct buf b = BUF_INIT(BYTES);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    _cleanup_free_ char *zeros = calloc(64, BYTES);
    size_t n;
    bool whole;

    n = ZSTD_compressCCtx(c, packed, sizeof(packed), zeros, 64 * (size_t)BYTES, 3);
    ck_assert(!ZSTD_isError(n) && n < 100000);
    ck_assert_int_eq(inflate_all(packed, n, n, &b, &whole), INFLATE_STOPPED);
    ck_assert_uint_le(b.len, BYTES);
    ZSTD_freeCCtx(c);
}
END_TEST

START_TEST(window)
{
    _cleanup_buf_ struct buf b = BUF_INIT(BYTES);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_inBuffer in = {original, BYTES, 0};
    ZSTD_outBuffer out = {packed, sizeof(packed), 0};
    bool whole;

    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, INFLATE_WINDOW_LOG + 1);
    /* Of unknown size: one that is known makes the window smaller. */
    while (in.pos < in.size)
        ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);
    ck_assert_uint_eq(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
    ck_assert_int_eq(inflate_all(packed, out.pos, BYTES, &b, &whole), INFLATE_MALFORMED);
    ZSTD_freeCCtx(c);
}
END_TEST

UNIT_MAIN("ingestd/inflate", any_pieces, cut_or_damaged, bomb, window)
