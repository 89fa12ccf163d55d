/* SPDX-License-Identifier: Apache-2.0 */
/* Compression beside the reading. The one who reads the pipe fills blocks, a thread packs them in
 * order, each a zstd frame of its own, and writes them. Between the two lie PACKER_BLOCKS blocks of
 * memory: a small process is let go before any of it is packed. And when the packing falls behind,
 * blocks are stored rather than squeezed until it has caught up, so that the dying process never
 * waits for a compressor: only for memory, and for the disk. */
#ifndef CORRAL_CLIENT_HANDLER_PACKER_H
#define CORRAL_CLIENT_HANDLER_PACKER_H

#include <stddef.h>
#include <stdint.h>

#include "client/handler/sink.h"

#define PACKER_BLOCK_SIZE (1024u * 1024)
#define PACKER_BLOCKS     24u

struct packer;

/* Starts the thread, which first of all runs `before`, if there is one, and ends if that fails.
 * What `to` says is borrowed, and read behind that. */
int packer_new(const struct sink *to, int (*before)(void *arg), void *arg, struct packer **ret);
/* The next block to fill, PACKER_BLOCK_SIZE bytes; waits while all are full. Fails with what the
 * writing failed with. */
int packer_block(struct packer *p, uint8_t **ret);
/* What the writing failed with so far, or 0: worth asking while a block fills slowly. */
int packer_error(struct packer *p);
/* The block is filled, n bytes of it. */
void packer_give(struct packer *p, size_t n);
/* Packs and writes what is left, ends the thread and releases all. What the writing failed with, or
 * 0. */
int packer_finish(struct packer *p);

#endif
