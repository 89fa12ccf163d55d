/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/packer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <zstd.h>

#include "client/spool/spool.h"
#include "common/base/io.h"

#define LEVEL  1
#define BEHIND (PACKER_BLOCKS / 4) /* full blocks from which on no time is spent on squeezing */
#define LAZY                                                                                       \
    (PACKER_BLOCKS /                                                                               \
     2) /* full blocks before the thread begins: a small process has the processors for itself */
#define HUGE_PAGE  (2u * 1024 * 1024)
#define LEVEL_FAST ZSTD_minCLevel() /* looks for matches so rarely that it is a copy */

struct packer {
    int out;
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

/* Memory that was never touched comes as pages of zeros: those are squeezed at the speed of memory
 * in any case. */
static int pack(struct packer *p, const uint8_t *data, size_t n, bool behind)
{
    size_t size;

    ZSTD_CCtx_setParameter(p->compressor, ZSTD_c_compressionLevel,
                           behind && !all_zero(data, n) ? LEVEL_FAST : LEVEL);
    size = ZSTD_compress2(p->compressor, p->frame, p->frame_size, data, n);
    if (ZSTD_isError(size))
        return -ENOMEM;
    return spool_room(p->out) < size ? -ENOSPC : io_write(p->out, p->frame, size);
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

static void *run(void *arg)
{
    struct packer *p = arg;
    uint64_t full;

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
    return -pthread_create(&p->thread, NULL, run, p);
}

int packer_new(int out, struct packer **ret)
{
    struct packer *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    p->out = out;
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
