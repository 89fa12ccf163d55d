/* SPDX-License-Identifier: Apache-2.0 */
/* Whose request a proxy passes on. X-Forwarded-For is what anyone may write: each proxy adds the
 * address that it was asked from at the end. So the list is read from its end, and only as long as
 * each address is that of a proxy which is known; the first one that is not is the client. Pure. */
#ifndef CORRAL_HTTP_FORWARDED_H
#define CORRAL_HTTP_FORWARDED_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define FORWARDED_NETS_MAX 32
#define FORWARDED_HOPS_MAX 16 /* proxies, one behind the other, that are followed */

struct forwarded_net {
    uint8_t address[16]; /* of IPv4 as ::ffff:… */
    unsigned bits;
};

/* Proxies that are believed. */
struct forwarded {
    struct forwarded_net nets[FORWARDED_NETS_MAX];
    size_t n;
    bool local; /* whoever comes through a unix socket */
};

/* "127.0.0.1 10.0.0.0/8 2001:db8::/32 unix", separated by blanks or commas; "" for none. -EINVAL
 * for anything else, -E2BIG for more than FORWARDED_NETS_MAX. */
int forwarded_parse(const char *text, struct forwarded *ret);

/* peer is the other end of the connection, an address or "unix"; list the values of all
 * X-Forwarded-For headers in their order, joined by commas. False: the peer is the client, or
 * nothing that could be believed says who is. */
bool forwarded_client(const struct forwarded *f, const char *peer, struct str list,
                      char ret[static INET6_ADDRSTRLEN]);

#endif
