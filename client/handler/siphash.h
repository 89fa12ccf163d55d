/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 with a result of 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
 * 2012, and their reference code of 2014): a digest with a good spread in a few dozen lines. A
 * cryptographic one would cost the handler more start-up time, for its library, than everything
 * else that it does before the decision. Pure. */
#ifndef CORRAL_CLIENT_HANDLER_SIPHASH_H
#define CORRAL_CLIENT_HANDLER_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16
#define SIPHASH_SIZE     16

void siphash(const uint8_t key[static SIPHASH_KEY_SIZE], const void *p, size_t n,
             uint8_t ret[static SIPHASH_SIZE]);

#endif
