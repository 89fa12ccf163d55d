/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 over OpenSSL's EVP interface, in one call or as a stream. */
#ifndef CORRAL_BASE_DIGEST_H
#define CORRAL_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE      32
#define SHA256_TEXT_SIZE 65 /* hexadecimal with the NUL */

struct digest; /* a running digest */

struct digest *digest_new(void);
void digest_free(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
/* Ends the stream; the digest can only be freed afterwards. */
void digest_finish(struct digest *d, uint8_t ret[static SHA256_SIZE]);

void sha256(const void *p, size_t n, uint8_t ret[static SHA256_SIZE]);
void sha256_text(const void *p, size_t n, char ret[static SHA256_TEXT_SIZE]);

#endif
