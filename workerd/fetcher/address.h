/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses belong to the internet at large. Whatever else a name resolves to (this machine,
 * its network, the cloud's metadata service, another protocol's way to one of these) is for those
 * who trust the servers that they configured. After the special-purpose registries of IANA, RFC
 * 6890 and its updates. Pure. */
#ifndef CORRAL_WORKERD_FETCHER_ADDRESS_H
#define CORRAL_WORKERD_FETCHER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False also for what is neither IPv4 nor IPv6, and for an address that is too short. */
bool address_is_public(const struct sockaddr *address, socklen_t size);

#endif
