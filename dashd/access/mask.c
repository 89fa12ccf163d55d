/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/mask.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "common/base/id.h"

#define TOKEN_BYTES_MAX 64

/* The bytes of a hexadecimal text, or 0. */
static size_t read_hex(const char *text, size_t n, uint8_t ret[static 2 * TOKEN_BYTES_MAX])
{
    if (n % 2 || n / 2 > 2 * TOKEN_BYTES_MAX || hex_decode((struct str){text, n}, ret, n / 2) < 0)
        return 0;
    return n / 2;
}

static void apply(uint8_t *bytes, const uint8_t *mask, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] ^= mask[i];
}

const char *mask_token(struct arena *a, const char *token)
{
    uint8_t bytes[2 * TOKEN_BYTES_MAX], both[2 * TOKEN_BYTES_MAX];
    size_t n = read_hex(token, strlen(token), bytes);
    char *text;

    if (n == 0 || n > TOKEN_BYTES_MAX)
        return token;
    random_bytes(both, n);
    memcpy(both + n, bytes, n);
    apply(both + n, both, n);
    text = arena_alloc(a, 4 * n + 1);
    hex_encode(both, 2 * n, text);
    return text;
}

bool mask_matches(const char *masked, const char *token)
{
    uint8_t both[2 * TOKEN_BYTES_MAX], bytes[2 * TOKEN_BYTES_MAX];
    size_t n = read_hex(token, strlen(token), bytes);

    if (n == 0 || n > TOKEN_BYTES_MAX || read_hex(masked, strlen(masked), both) != 2 * n)
        return false;
    apply(both + n, both, n);
    return sodium_memcmp(both + n, bytes, n) == 0;
}
