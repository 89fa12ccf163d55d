/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways. The short one is for a stream that is whole and small: all of it in one call, into
 * memory. Whatever is wrong with it then, the long way begins anew and keeps what it can: piece by
 * piece, into a file. */
#include "workerd/analysis/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define PAGE_BYTES   4096u
#define HEADER_BYTES 18u /* of a frame, at most (RFC 8878, 3.1.1.1) */
/* A stream that does not say how much it holds is tried in memory when it is no longer than this.
 */
#define UNSAID_MAX (16u << 20)
/* With less room on its disk than twice this, a core may wait for more. */
#define SHARE_MIN (256u << 20)

static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

DEFINE_CLEANUP(cleanup_stream, ZSTD_DStream, ZSTD_freeDStream)
DEFINE_CLEANUP(cleanup_context, ZSTD_DCtx, ZSTD_freeDCtx)

/* --- Into memory --- */

/* How many bytes of memory it is worth to try; 0: none. */
static size_t memory_for(const struct bytes *from)
{
    uint8_t header[HEADER_BYTES];
    ssize_t n = bytes_read(from, 0, header, sizeof header);
    unsigned long long says = n > 0 ? ZSTD_getFrameContentSize(header, (size_t)n) : 0;

    if (says == ZSTD_CONTENTSIZE_ERROR)
        return 0;
    if (says == ZSTD_CONTENTSIZE_UNKNOWN)
        return from->size <= UNSAID_MAX ? UNPACK_MEMORY_MAX : 0;
    return says <= UNPACK_MEMORY_MAX && from->size <= UNPACK_MEMORY_MAX ? (size_t)says : 0;
}

/* False when it can't be done this way. */
static bool unpack_at_once(const struct bytes *from, uint64_t max, struct unpacked_core *c)
{
    size_t room = memory_for(from);
    _cleanup_free_ void *holder = NULL, *memory = room ? malloc(room) : NULL;
    _cleanup_(cleanup_context) ZSTD_DCtx *context = memory ? ZSTD_createDCtx() : NULL;
    const uint8_t *packed;

    if (!context || bytes_borrow(from, 0, (size_t)from->size, &holder, &packed) != 0)
        return false;
    size_t n = ZSTD_decompressDCtx(context, memory, room, packed, (size_t)from->size);

    if (ZSTD_isError(n))
        return false;
    c->cut = max != 0 && n > max;
    c->owned = TAKE_PTR(memory);
    c->bytes = bytes_of_memory(c->owned, c->cut ? (size_t)max : n);
    return true;
}

/* --- Into a file --- */

struct unpacker {
    ZSTD_DStream *stream;
    const struct bytes *from;
    int to;
    uint64_t max, written;
    uint64_t share, stored; /* of the disk's free space: how much may be, and is, taken */
    uint8_t *in, *out;
    size_t in_size, out_size;
};

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static int write_at(int fd, const uint8_t *p, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        p += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

/* Half of what is free, so that a few bytes that unpack to all that a disk holds do not take the
 * room of others: PostgreSQL may be among them. A file system without a size (memfd_create(2)) is
 * memory. */
uint64_t unpack_share(int fd)
{
    struct statvfs s;

    if (fstatvfs(fd, &s) < 0 || s.f_blocks == 0)
        return UNPACK_MEMFD_MAX;
    uint64_t half = (uint64_t)s.f_bavail * s.f_frsize / 2;

    return half > SHARE_MIN ? half : SHARE_MIN;
}

/* Whole pages of zeros are left out. */
static int write_sparse(struct unpacker *u, const uint8_t *p, size_t n, bool *ret_cut)
{
    while (n > 0) {
        size_t page = PAGE_BYTES - u->written % PAGE_BYTES;

        if (page > n)
            page = n;
        if (!all_zero(p, page)) {
            if (u->stored + page > u->share) {
                *ret_cut = true;
                return 0;
            }
            int r = write_at(u->to, p, page, u->written);

            if (r < 0)
                return r;
            u->stored += page;
        }
        u->written += page;
        p += page;
        n -= page;
    }
    return 0;
}

/* One piece of input, to its end or to the limit. */
static int unpack_piece(struct unpacker *u, size_t n, struct unpacked_core *c, size_t *ret_hint)
{
    ZSTD_inBuffer in = {u->in, n, 0};

    for (;;) {
        ZSTD_outBuffer out = {u->out, u->out_size, 0};
        size_t hint = ZSTD_decompressStream(u->stream, &out, &in);

        if (ZSTD_isError(hint)) {
            c->damaged = true;
            return 0;
        }
        if (u->max != 0 && out.pos > u->max - u->written) {
            out.pos = (size_t)(u->max - u->written);
            c->cut = true;
        }
        int r = write_sparse(u, u->out, out.pos, &c->cut);

        if (r < 0)
            return r;
        *ret_hint = hint;
        if (c->cut || (in.pos == in.size && out.pos < out.size))
            return 0;
    }
}

static int unpack_all(struct unpacker *u, struct unpacked_core *c)
{
    size_t hint = 1;
    uint64_t offset = 0;

    while (!c->damaged && !c->cut) {
        ssize_t n = bytes_read(u->from, offset, u->in, u->in_size);

        if (n < 0)
            return (int)n;
        if (n == 0) {
            c->damaged = hint != 0; /* the stream wants more than there is */
            break;
        }
        int r = unpack_piece(u, (size_t)n, c, &hint);

        if (r < 0)
            return r;
        offset += (uint64_t)n;
    }
    return ftruncate(u->to, (off_t)u->written) < 0 ? -errno : 0;
}

static int unpack_zstd(const struct bytes *from, int to, uint64_t max, struct unpacked_core *c)
{
    _cleanup_(cleanup_stream) ZSTD_DStream *stream = ZSTD_createDStream();
    size_t in_size = ZSTD_DStreamInSize(), out_size = ZSTD_DStreamOutSize();
    _cleanup_free_ uint8_t *in = malloc(in_size), *out = malloc(out_size);
    struct unpacker u = {
        .stream = stream,
        .from = from,
        .to = to,
        .max = max,
        .share = unpack_share(to),
        .in = in,
        .out = out,
        .in_size = in_size,
        .out_size = out_size,
    };

    if (!stream || !in || !out)
        return -ENOMEM;
    int r = unpack_all(&u, c);

    if (r < 0)
        return r;
    return bytes_of_file(to, &c->bytes);
}

static int unpack_into_file(const struct bytes *from, int scratch_fd, uint64_t max,
                            struct unpacked_core *c)
{
    _cleanup_fd_ int memory = scratch_fd < 0 ? memfd_create("core", MFD_CLOEXEC) : -1;

    if (scratch_fd < 0 && memory < 0)
        return -errno;
    int r = unpack_zstd(from, scratch_fd < 0 ? memory : scratch_fd, max, c);

    if (r == 0)
        c->owned_fd = TAKE_FD(memory);
    return r;
}

/* --- Either --- */

static int is_zstd(const struct bytes *b, bool *ret)
{
    uint8_t magic[sizeof zstd_magic];
    ssize_t n = bytes_read(b, 0, magic, sizeof magic);

    if (n < 0)
        return (int)n;
    *ret = n == sizeof magic && memcmp(magic, zstd_magic, sizeof magic) == 0;
    return 0;
}

bool unpack_is_packed(int core_fd)
{
    struct bytes from;
    bool packed = false;

    return bytes_of_file(core_fd, &from) == 0 && is_zstd(&from, &packed) == 0 && packed;
}

int unpack_core(int core_fd, int scratch_fd, uint64_t max, struct unpacked_core *ret)
{
    struct unpacked_core c = {.owned_fd = -1};
    struct bytes from;
    bool packed = false;
    int r = bytes_of_file(core_fd, &from);

    if (r != 0)
        return r < 0 ? r : UNPACK_NOT_REGULAR;
    r = is_zstd(&from, &packed);
    if (r < 0)
        return r;
    c.bytes = from;
    if (!packed && max != 0 && from.size > max) {
        c.bytes.size = max;
        c.cut = true;
    }
    if (packed && !unpack_at_once(&from, max, &c))
        r = unpack_into_file(&from, scratch_fd, max, &c);
    if (r != 0)
        return r;
    *ret = c;
    return 0;
}

void unpacked_core_fini(struct unpacked_core *u)
{
    free(u->owned);
    u->owned = NULL;
    cleanup_fd(&u->owned_fd);
    u->owned_fd = -1;
}
