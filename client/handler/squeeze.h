/* SPDX-License-Identifier: Apache-2.0 */
/* The slim core into a zstd stream: it is small and its process is gone, so this takes its time for
 * a good ratio. */
#ifndef CORRAL_CLIENT_HANDLER_SQUEEZE_H
#define CORRAL_CLIENT_HANDLER_SQUEEZE_H

#include "client/handler/chain.h"
#include "client/handler/sink.h"
#include "client/slim/slim.h"

/* Writes all of s, compressed, to the sink, and uncompressed to the chain (NULL: none). -errno. */
int squeeze_slim(const struct slim *s, const struct sink *to, struct chain *chain);

#endif
