/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/packer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_MAGICNUMBER, ZSTD_BLOCKSIZE_MAX */
#include <zstd.h>

#define LEVEL  1
#define BEHIND (PACKER_BLOCKS / 4) /* full blocks from which on no time is spent on squeezing */
/* Full blocks before the thread begins: a small process has the processors for itself. */
#define LAZY              (PACKER_BLOCKS * 2 / 3)
#define HUGE_PAGE         (2u * 1024 * 1024)
#define STORED_DESCRIPTOR 0xa0 /* Frame_Content_Size_Flag 2, Single_Segment_Flag */
#define STORED_HEAD       9
#define STORED_BLOCKS     (PACKER_BLOCK_SIZE / ZSTD_BLOCKSIZE_MAX)

struct packer {
    const struct sink *to;
    int (*before)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock. Blocks given and packed so far: the difference are the full ones. */
    uint64_t given, packed;
    bool begun, ended;
    int error;
    /* A block belongs to the reader until it is given, then to the thread until it is packed. */
    size_t sizes[PACKER_BLOCKS];
    uint8_t *blocks, *frame;
    size_t frame_size;
    ZSTD_CCtx *compressor;
};

static uint8_t *block_of(const struct packer *p, uint64_t number)
{
    return p->blocks + number % PACKER_BLOCKS * PACKER_BLOCK_SIZE;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static uint8_t *put(uint8_t *to, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

/* A frame that only holds the bytes (RFC 8878, 3.1.1): its size in 4 bytes, one segment, raw
 * blocks. Nothing looks at them or copies them, where the compressor's fastest level still does
 * both. */
static int store(const struct packer *p, uint8_t *data, size_t n)
{
    uint8_t heads[STORED_HEAD + STORED_BLOCKS * 3], *to = heads;
    struct iovec pieces[2 * STORED_BLOCKS];
    int count = 0;

    to = put(to, ZSTD_MAGICNUMBER, 4);
    to = put(to, STORED_DESCRIPTOR, 1);
    to = put(to, (uint32_t)n, 4);
    for (size_t at = 0; at < n; at += ZSTD_BLOCKSIZE_MAX) {
        size_t size = n - at < ZSTD_BLOCKSIZE_MAX ? n - at : ZSTD_BLOCKSIZE_MAX;
        uint8_t *head = at == 0 ? heads : to;

        to = put(to, (uint32_t)(size << 3 | (at + size == n)), 3);
        pieces[count++] = (struct iovec){head, (size_t)(to - head)};
        pieces[count++] = (struct iovec){data + at, size};
    }
    return sink_writev(p->to, pieces, count);
}

/* Memory that was never touched comes as pages of zeros: those are squeezed at the speed of memory
 * in any case. */
static int pack(struct packer *p, uint8_t *data, size_t n, bool behind)
{
    size_t size;

    if (behind && !all_zero(data, n))
        return store(p, data, n);
    size = ZSTD_compress2(p->compressor, p->frame, p->frame_size, data, n);
    return ZSTD_isError(size) ? -ENOMEM : sink_write(p->to, p->frame, size);
}

/* With the lock held: waits for the next full block; how many are full, 0 when there will be no
 * more. */
static uint64_t wait_for_block(struct packer *p)
{
    while (!p->ended && p->given - p->packed < (p->begun ? 1 : LAZY))
        pthread_cond_wait(&p->changed, &p->lock);
    p->begun = true;
    return p->given - p->packed;
}

/* Not before there is something to do: a small process has the processors for itself. */
static void begin(struct packer *p)
{
    int r;

    pthread_mutex_lock(&p->lock);
    (void)wait_for_block(p);
    pthread_mutex_unlock(&p->lock);
    r = p->before ? p->before(p->arg) : 0;
    pthread_mutex_lock(&p->lock);
    p->error = r;
    pthread_mutex_unlock(&p->lock);
}

static void *run(void *arg)
{
    struct packer *p = arg;
    uint64_t full;

    begin(p);
    pthread_mutex_lock(&p->lock);
    while ((full = wait_for_block(p)) > 0) {
        uint64_t number = p->packed;
        bool behind = full > BEHIND && !p->ended;
        int r = p->error;

        pthread_mutex_unlock(&p->lock);
        if (r == 0)
            r = pack(p, block_of(p, number), p->sizes[number % PACKER_BLOCKS], behind);
        pthread_mutex_lock(&p->lock);
        p->error = r;
        p->packed++;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void release(struct packer *p)
{
    ZSTD_freeCCtx(p->compressor);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->blocks);
    free(p->frame);
    free(p);
}

/* Pages of blocks that are never filled cost nothing; huge ones spare the reader a thousand page
 * faults. */
static void allocate_blocks(struct packer *p)
{
    size_t size = (size_t)PACKER_BLOCKS * PACKER_BLOCK_SIZE;

    p->blocks = aligned_alloc(HUGE_PAGE, size);
    if (p->blocks)
        (void)madvise(p->blocks, size, MADV_HUGEPAGE);
}

static int prepare(struct packer *p)
{
    p->frame_size = ZSTD_compressBound(PACKER_BLOCK_SIZE);
    allocate_blocks(p);
    p->frame = malloc(p->frame_size);
    p->compressor = ZSTD_createCCtx();
    if (!p->blocks || !p->frame || !p->compressor)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(p->compressor, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(p->compressor, ZSTD_c_compressionLevel, LEVEL);
    return -pthread_create(&p->thread, NULL, run, p);
}

int packer_new(const struct sink *to, int (*before)(void *arg), void *arg, struct packer **ret)
{
    struct packer *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    p->to = to;
    p->before = before;
    p->arg = arg;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    r = prepare(p);
    if (r < 0)
        release(p);
    else
        *ret = p;
    return r;
}

int packer_block(struct packer *p, uint8_t **ret)
{
    int r;

    pthread_mutex_lock(&p->lock);
    while (p->given - p->packed == PACKER_BLOCKS && p->error == 0)
        pthread_cond_wait(&p->changed, &p->lock);
    r = p->error;
    pthread_mutex_unlock(&p->lock);
    if (r == 0)
        *ret = block_of(p, p->given);
    return r;
}

int packer_error(struct packer *p)
{
    int r;

    pthread_mutex_lock(&p->lock);
    r = p->error;
    pthread_mutex_unlock(&p->lock);
    return r;
}

void packer_give(struct packer *p, size_t n)
{
    pthread_mutex_lock(&p->lock);
    p->sizes[p->given % PACKER_BLOCKS] = n;
    p->given++;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

int packer_finish(struct packer *p)
{
    int r;

    pthread_mutex_lock(&p->lock);
    p->ended = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    r = p->error;
    release(p);
    return r;
}
