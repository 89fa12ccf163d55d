/* SPDX-License-Identifier: Apache-2.0 */
/* What accounts are made of: names that may stand anywhere, and tokens, of which only the digest is
 * kept. Pure but for the random bytes. */
#ifndef CORRAL_DASHD_ACCESS_CREDENTIALS_H
#define CORRAL_DASHD_ACCESS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/digest.h"

#define ACCOUNT_NAME_MAX 64
#define TOKEN_BYTES      24 /* 192 random bits */
#define TOKEN_SIZE       (2 * TOKEN_BYTES + 32)

/* Letters, digits and any of ._@+-: names stand in logs, on pages and in addresses. */
bool account_name_valid(const char *name);
/* ingest, symbols, read, write, admin. */
bool token_scope_valid(const char *scope);

struct token_secret {
    char text[TOKEN_SIZE]; /* "corral_read_…": shown once */
    uint8_t digest[SHA256_SIZE];
};
/* scope is valid. */
void token_make(const char *scope, struct token_secret *ret);

#endif
