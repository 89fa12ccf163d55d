/* SPDX-License-Identifier: Apache-2.0 */
/* One file from an HTTP(S) server, over libcurl: TLS verified, an address looked at when the
 * connection is made and not when its name is asked for, so that no answer of a name server and no
 * redirect leads to one that is not allowed; from https never to http; nothing unbounded in time or
 * size; no proxy, no cookie, no password, no compression. One thread. */
#ifndef CORRAL_WORKERD_FETCHER_FETCH_H
#define CORRAL_WORKERD_FETCHER_FETCH_H

#include "workerd/fetcher/talk.h"

/* Before walls are put up: what TLS needs is loaded. */
void fetch_prepare(void);
/* Writes the body into fd, an empty file at its beginning. */
void fetch_file(const struct fetch_order *order, int fd, struct fetch_answer *ret);

#endif
