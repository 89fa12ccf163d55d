/* SPDX-License-Identifier: Apache-2.0 */
/* The API tokens that are in force, as ingestd knows them: the SHA-256 of each, what it may do,
 * when it ends. A set is filled, sealed and from then on only read, by any number of threads. Its
 * JSON is what ingestd keeps on disk, so that it can start while PostgreSQL is away; there is no
 * secret in it that would open anything. Pure. */
#ifndef CORRAL_INGESTD_TOKENS_H
#define CORRAL_INGESTD_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/str.h"

#define TOKENS_MAX      10000
#define TOKENS_JSON_MAX (4u * 1024 * 1024)
#define TOKEN_TEXT_MAX  256 /* of what a request shows; longer ones are not even digested */
#define TOKEN_ID_SIZE   24
#define TOKENS_USED_MAX 256

/* Bits, for a route may be open to several. */
enum scope {
    SCOPE_INGEST = 1 << 0,
    SCOPE_SYMBOLS = 1 << 1,
    SCOPE_READ = 1 << 2,
    SCOPE_WRITE = 1 << 3,
    SCOPE_ADMIN = 1 << 4, /* implies all others */
};

struct token {
    uint8_t digest[SHA256_SIZE];
    char id[TOKEN_ID_SIZE]; /* of the row in api_tokens */
    enum scope scope;
    int64_t expires_at; /* usec since the epoch; 0: never */
};

/* Which tokens of a set were shown: a set of their ids. */
struct tokens_used {
    struct {
        char id[TOKEN_ID_SIZE];
    } rows[TOKENS_USED_MAX];
    size_t n;
};
/* More than TOKENS_USED_MAX at a time are not noted. */
void tokens_used_note(struct tokens_used *u, const struct token *t);
/* "{1,17}", for PostgreSQL; empties the set. */
void tokens_used_take(struct tokens_used *u, struct buf *ret);

struct tokens;

struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);
/* digest: 64 hexadecimal digits. -EINVAL for a scope or digest that is none, -E2BIG beyond
 * TOKENS_MAX. */
int tokens_add(struct tokens *t, const char *id, const char *scope, const char *digest,
               int64_t expires_at);
/* Must be called once, after the last add and before the first find. */
void tokens_seal(struct tokens *t);
size_t tokens_count(const struct tokens *t);

/* The token of that text if it is in force at that time; NULL. */
const struct token *tokens_find(const struct tokens *t, const char *text, int64_t now);
bool token_allows(const struct token *t, unsigned scopes);

void tokens_format(const struct tokens *t, struct buf *b);
/* Gives a sealed set; -EBADMSG. */
int tokens_parse(struct str json, struct tokens **ret);

#endif
