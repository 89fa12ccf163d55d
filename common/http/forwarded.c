/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/forwarded.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* --- Addresses --- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96, RFC 4291 */

/* Any address as one of IPv6. *ret_v4: it was written as one of IPv4. */
static bool parse_address(struct str s, uint8_t ret[static 16], bool *ret_v4)
{
    char text[INET6_ADDRSTRLEN];
    bool v4;

    if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    v4 = !strchr(text, ':');
    if (v4)
        memcpy(ret, mapped, sizeof(mapped));
    if (inet_pton(v4 ? AF_INET : AF_INET6, text, v4 ? ret + sizeof(mapped) : ret) != 1)
        return false;
    *ret_v4 = v4;
    return true;
}

static void print_address(const uint8_t address[static 16], char ret[static INET6_ADDRSTRLEN])
{
    bool v4 = memcmp(address, mapped, sizeof(mapped)) == 0;

    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + sizeof(mapped) : address, ret,
              INET6_ADDRSTRLEN);
}

static bool net_has(const struct forwarded_net *net, const uint8_t address[static 16])
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;

    return memcmp(net->address, address, whole) == 0 &&
           (rest == 0 || (net->address[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool is_proxy(const struct forwarded *f, const uint8_t address[static 16])
{
    for (size_t i = 0; i < f->n; i++)
        if (net_has(&f->nets[i], address))
            return true;
    return false;
}

/* --- Configuration --- */

static int parse_net(struct str s, struct forwarded_net *ret)
{
    struct forwarded_net net;
    struct str address;
    uint64_t bits;
    bool v4;

    str_split(&s, '/', &address);
    if (!parse_address(address, net.address, &v4))
        return -EINVAL;
    bits = v4 ? 32 : 128;
    if (s.p && str_to_u64(s, bits, &bits) < 0)
        return -EINVAL;
    net.bits = (unsigned)bits + (v4 ? 96 : 0);
    *ret = net;
    return 0;
}

/* The next word, without what stands between words; empty at the end. */
static struct str next_word(const char **text)
{
    static const char between[] = " \t,";
    struct str word;

    *text += strspn(*text, between);
    word = (struct str){*text, strcspn(*text, between)};
    *text += word.n;
    return word;
}

int forwarded_parse(const char *text, struct forwarded *ret)
{
    struct forwarded f = {.n = 0};
    struct str word;

    while ((word = next_word(&text)).n > 0) {
        if (str_eq(word, STR("unix"))) {
            f.local = true;
            continue;
        }
        if (f.n == FORWARDED_NETS_MAX)
            return -E2BIG;
        if (parse_net(word, &f.nets[f.n]) < 0)
            return -EINVAL;
        f.n++;
    }
    *ret = f;
    return 0;
}

/* --- A request --- */

static bool peer_is_proxy(const struct forwarded *f, const char *peer)
{
    uint8_t address[16];
    bool v4;

    if (strcmp(peer, "unix") == 0)
        return f->local;
    return parse_address(str_from(peer), address, &v4) && is_proxy(f, address);
}

/* Takes the last element of a list off it. */
static struct str last_of(struct str *list)
{
    size_t start = list->n;
    struct str last;

    while (start > 0 && list->p[start - 1] != ',')
        start--;
    last = (struct str){list->p + start, list->n - start};
    list->n = start > 0 ? start - 1 : 0;
    return str_trim(last);
}

/* Where the list says nothing that is an address, the proxy that added it is as far as is known. */
bool forwarded_client(const struct forwarded *f, const char *peer, struct str list,
                      char ret[static INET6_ADDRSTRLEN])
{
    bool found = false;

    if (!peer_is_proxy(f, peer))
        return false;
    for (size_t hop = 0; hop < FORWARDED_HOPS_MAX && list.n > 0; hop++) {
        struct str text = last_of(&list);
        uint8_t address[16];
        bool v4;

        if (!parse_address(text, address, &v4))
            break;
        print_address(address, ret);
        found = true;
        if (!is_proxy(f, address))
            break;
    }
    return found;
}
