/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/fetcher/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"

struct block {
    uint8_t bytes[16];
    unsigned bits;
};

static const struct block reserved4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* behind a provider's NAT; metadata of one cloud */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local; metadata of the others */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments; metadata of one more */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 31, 196}, 24}, /* AS112 */
    {{192, 52, 193}, 24}, /* AMT */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{192, 175, 48}, 24}, /* AS112 */
    {{198, 18}, 15},      /* benchmarking */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};

/* The global unicast space is 2000::/3; of it these are something else. All that lies outside of it
 * (unspecified, loopback, mapped, NAT64, unique local, link-local, multicast) is no public address.
 */
static const struct block global6 = {{0x20}, 3};
static const struct block reserved6[] = {
    {{0x20, 0x01, 0x00}, 23},             /* Teredo, ORCHID and other protocols */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
    {{0x20, 0x02}, 16},                   /* 6to4: an IPv4 address inside */
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48}, /* AS112 */
    {{0x3f, 0xff}, 20},                   /* documentation */
};

static bool is_in(const uint8_t *address, const struct block *b)
{
    unsigned whole = b->bits / 8, rest = b->bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(address, b->bytes, whole) == 0 &&
           (rest == 0 || ((address[whole] ^ b->bytes[whole]) & mask) == 0);
}

static bool is_in_any(const uint8_t *address, const struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_in(address, &blocks[i]))
            return true;
    return false;
}

bool address_is_public(const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (size >= sizeof(v4) && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return !is_in_any((const uint8_t *)&v4.sin_addr, reserved4, ARRAY_SIZE(reserved4));
    }
    if (size >= sizeof(v6) && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return is_in(v6.sin6_addr.s6_addr, &global6) &&
               !is_in_any(v6.sin6_addr.s6_addr, reserved6, ARRAY_SIZE(reserved6));
    }
    return false;
}
