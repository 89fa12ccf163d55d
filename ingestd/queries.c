/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/queries.h"

/* Ordered, so that the snapshot on disk is written only when something has changed. The limit is
 * TOKENS_MAX. */
const struct db_query query_tokens = {
    "tokens",
    "SELECT id, scope, encode(digest, 'hex'),"
    "       coalesce((extract(epoch FROM expires_at) * 1e6)::bigint, 0)"
    "  FROM api_tokens"
    " WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
    " ORDER BY id LIMIT 10000",
};

/* $1: ids, as an array. */
const struct db_query query_tokens_used = {
    "tokens-used",
    "UPDATE api_tokens SET last_used_at = now() WHERE id = ANY ($1::integer[])",
};
