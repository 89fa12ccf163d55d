/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL of ingestd. */
#ifndef CORRAL_INGESTD_QUERIES_H
#define CORRAL_INGESTD_QUERIES_H

#include "common/store/db.h"

/* Tokens in force: id, scope, digest in hexadecimal, end in usec since the epoch or 0. */
extern const struct db_query query_tokens, query_tokens_used;

#endif
