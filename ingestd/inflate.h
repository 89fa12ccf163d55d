/* SPDX-License-Identifier: Apache-2.0 */
/* A body in Content-Encoding: zstd (RFC 8878) as it was before, piece by piece. Memory is bounded
 * by the window that a frame may ask for, time by how much the receiver takes: it may say no to
 * any piece, so a bomb costs as much as a file of the allowed size. */
#ifndef CORRAL_INGESTD_INFLATE_H
#define CORRAL_INGESTD_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

/* 8 MiB, which RFC 8878 section 3.1.1.1.2 asks every reader to take, and all that zstd uses up to
 * level 19. */
#define INFLATE_WINDOW_LOG 23

enum inflate_outcome {
    INFLATE_MALFORMED = 1, /* no zstd, damaged, or its window is too large */
    INFLATE_STOPPED,       /* put did not return 0 */
};

struct inflate;

int inflate_new(struct inflate **ret);
void inflate_free(struct inflate *i);
/* Hands on what these bytes become. Anything but 0 from put is the end. */
int inflate_add(struct inflate *i, const void *p, size_t n,
                int (*put)(void *arg, const void *p, size_t n), void *arg);
/* Whether the bytes so far end where a frame ends. */
bool inflate_whole(const struct inflate *i);

#endif
