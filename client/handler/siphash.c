/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/siphash.h"

#include <string.h>

static uint64_t rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void compress(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

void siphash(const uint8_t key[static SIPHASH_KEY_SIZE], const void *p, size_t n,
             uint8_t ret[static SIPHASH_SIZE])
{
    const uint8_t *bytes = p;
    uint64_t k[2], v[4], word, last = (uint64_t)n << 56;

    memcpy(k, key, sizeof(k));
    v[0] = k[0] ^ 0x736f6d6570736575u;
    v[1] = k[1] ^ 0x646f72616e646f6du ^ 0xee;
    v[2] = k[0] ^ 0x6c7967656e657261u;
    v[3] = k[1] ^ 0x7465646279746573u;
    for (; n >= 8; n -= 8, bytes += 8) {
        memcpy(&word, bytes, 8);
        compress(v, word);
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)bytes[i] << 8 * i;
    compress(v, last);
    v[2] ^= 0xee;
    for (size_t half = 0; half < 2; half++) {
        rounds(v, 4);
        word = v[0] ^ v[1] ^ v[2] ^ v[3];
        memcpy(ret + 8 * half, &word, 8);
        v[1] ^= 0xdd;
    }
}
