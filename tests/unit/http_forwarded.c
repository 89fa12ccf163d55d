/* SPDX-License-Identifier: Apache-2.0 */
/* Who is the client, by what proxies say and anyone may have written. */
#include "common/http/forwarded.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct {
    const char *proxies, *peer, *list, *client; /* client NULL: the peer */
} rows[] = {
    {"", "127.0.0.1", "192.0.2.1", NULL},
    {"127.0.0.1", "127.0.0.2", "192.0.2.1", NULL},
    {"127.0.0.1", "127.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"127.0.0.1", "127.0.0.1", "", NULL},
    /* What the client wrote itself stands on the left. */
    {"127.0.0.1", "127.0.0.1", "10.9.9.9, 192.0.2.1", "192.0.2.1"},
    {"127.0.0.1", "127.0.0.1", "127.0.0.1, 192.0.2.1", "192.0.2.1"},
    /* Two proxies. */
    {"127.0.0.1, 10.0.0.0/8", "127.0.0.1", "6.6.6.6,192.0.2.1,10.1.2.3", "192.0.2.1"},
    {"127.0.0.1 10.0.0.0/8", "127.0.0.1", "10.1.2.3", "10.1.2.3"},
    {"127.0.0.1 10.0.0.0/8", "127.0.0.1", "junk,10.1.2.3", "10.1.2.3"},
    {"unix", "unix", "2001:DB8::1", "2001:db8::1"},
    {"unix", "127.0.0.1", "192.0.2.1", NULL},
    {"0.0.0.0/0", "unix", "192.0.2.1", NULL},
    {"2001:db8::/33", "2001:db8:7fff::1", "192.0.2.1", "192.0.2.1"},
    {"2001:db8::/33", "2001:db8:8000::1", "192.0.2.1", NULL},
    {"::/0", "::1", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.0/7", "11.255.255.255", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.0/7", "12.0.0.0", "192.0.2.1", NULL},
    /* One of IPv4 is the same however it is written. */
    {"127.0.0.1", "127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"},
    {"::ffff:127.0.0.0/104", "127.1.1.1", "192.0.2.1", "192.0.2.1"},
    /* No addresses. */
    {"127.0.0.1", "127.0.0.1", "unix", NULL},
    {"127.0.0.1", "127.0.0.1", "unknown", NULL},
    {"127.0.0.1", "127.0.0.1", "192.0.2.1:4711", NULL},
    {"127.0.0.1", "127.0.0.1", "192.0.2", NULL},
    {"127.0.0.1", "127.0.0.1", "[::1]", NULL},
    {"127.0.0.1", "127.0.0.1", "192.0.2.1,", NULL},
    {"127.0.0.1", "127.0.0.1", ",,,,", NULL},
    {"127.0.0.1", "127.0.0.1", "192.0.2.1\" onload=x", NULL},
    {"127.0.0.1", "127.0.0.1", "fe80::1%eth0", NULL},
    {"127.0.0.1", "127.0.0.1", "1111111111111111111111111111111111111111111111111111", NULL},
};

START_TEST(clients)
{
    char text[INET6_ADDRSTRLEN] = "untouched";
    struct forwarded f;
    bool found;

    ck_assert_int_eq(forwarded_parse(rows[_i].proxies, &f), 0);
    found = forwarded_client(&f, rows[_i].peer, str_from(rows[_i].list), text);
    ck_assert_msg(found == (rows[_i].client != NULL), "%s", text);
    ck_assert_str_eq(text, found ? rows[_i].client : "untouched");
}
END_TEST

/* An endless list of proxies ends. */
START_TEST(hops)
{
    char list[12 * 1000 + 1] = "", text[INET6_ADDRSTRLEN];
    struct forwarded f;

    for (size_t i = 0; i < 1000; i++)
        memcpy(list + 10 * i, "127.0.0.1,", 11);
    list[10 * 1000 - 1] = '\0';
    ck_assert_int_eq(forwarded_parse("127.0.0.1", &f), 0);
    ck_assert(forwarded_client(&f, "127.0.0.1", str_from(list), text));
    ck_assert_str_eq(text, "127.0.0.1");
}
END_TEST

static const char *const bad[] = {"localhost", "127.0.0.1/33", "127.0.0.1/", "127.0.0.1/-1", "/8",
                                  "::/129",    "10/8",         "1.2.3.4 x",  "[::1]",        "*"};

START_TEST(mistakes)
{
    struct forwarded f;

    ck_assert_int_eq(forwarded_parse(bad[_i], &f), -EINVAL);
}
END_TEST

START_TEST(too_many)
{
    char text[10 * (FORWARDED_NETS_MAX + 1) + 1];
    struct forwarded f;

    for (size_t i = 0; i <= FORWARDED_NETS_MAX; i++)
        memcpy(text + 10 * i, "127.0.0.1 ", 11);
    ck_assert_int_eq(forwarded_parse(text, &f), -E2BIG);
    text[10 * FORWARDED_NETS_MAX] = '\0';
    ck_assert_int_eq(forwarded_parse(text, &f), 0);
    ck_assert_uint_eq(f.n, FORWARDED_NETS_MAX);
}
END_TEST

UNIT_TABLES_MAIN("http/forwarded", {clients, ARRAY_SIZE(rows)}, {hops, 1},
                 {mistakes, ARRAY_SIZE(bad)}, {too_many, 1})
