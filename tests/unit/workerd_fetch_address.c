/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/fetcher */
/* Which addresses are the internet's: the edges of every block, and the ways round by IPv6. */
#include "workerd/fetcher/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_public((struct sockaddr *)&v4, sizeof(v4));
    ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&v6, sizeof(v6));
}

START_TEST(public_ones)
{
    static const char *const texts[] = {
        "1.0.0.0",         "8.8.8.8",     "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.0.3.0",   "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",  "198.51.99.255",   "198.51.101.0",
        "203.0.112.255",   "203.0.114.0", "223.255.255.255", "2600::1",
        "2a00:1450::1",    "2001:200::1", "2001:db7::1",     "2001:db9::1",
        "2003::1",         "3ffe::1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(is_public(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(all_others)
{
    static const char *const texts[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.0",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:0fff::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(!is_public(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(other_families)
{
    const struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};

    ck_assert(!address_is_public((const struct sockaddr *)&un, sizeof(un)));
    ck_assert(address_is_public((const struct sockaddr *)&v4, sizeof(v4)));
    ck_assert(!address_is_public((const struct sockaddr *)&v4, sizeof(v4) - 1));
}
END_TEST

UNIT_MAIN("workerd/fetcher/address", public_ones, all_others, other_families)
