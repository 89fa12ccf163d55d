/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's digest calls fail only when memory is out or the library is broken; both end the
 * process here. */
#include "common/base/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "common/base/id.h"

struct digest {
    EVP_MD_CTX *context;
};

static void must(int ok)
{
    if (!ok)
        abort();
}

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));

    must(d != NULL);
    d->context = EVP_MD_CTX_new();
    must(d->context != NULL);
    must(EVP_DigestInit_ex(d->context, EVP_sha256(), NULL));
    return d;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    free(d);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    must(EVP_DigestUpdate(d->context, p, n));
}

void digest_finish(struct digest *d, uint8_t ret[static SHA256_SIZE])
{
    must(EVP_DigestFinal_ex(d->context, ret, NULL));
}

void sha256(const void *p, size_t n, uint8_t ret[static SHA256_SIZE])
{
    must(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL));
}

void sha256_text(const void *p, size_t n, char ret[static SHA256_TEXT_SIZE])
{
    uint8_t raw[SHA256_SIZE];

    sha256(p, n, raw);
    hex_encode(raw, sizeof(raw), ret);
}
