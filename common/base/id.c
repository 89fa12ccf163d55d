/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/clock.h"

static const char digits[] = "0123456789abcdef";

void random_bytes(void *p, size_t n)
{
    unsigned char *at = p;

    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        n -= (size_t)got;
    }
}

/* RFC 9562 section 5.7: 48 bits of milliseconds, version 7, 74 random bits around the variant. */
void uuid_new(char ret_text[static UUID_TEXT_SIZE])
{
    uint64_t msec = (uint64_t)(clock_now() / USEC_PER_MSEC);
    uint8_t b[16];
    char hex[33];

    random_bytes(b, sizeof(b));
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(msec >> (40 - 8 * i));
    b[6] = 0x70 | (b[6] & 0x0f);
    b[8] = 0x80 | (b[8] & 0x3f);
    hex_encode(b, sizeof(b), hex);
    memcpy(ret_text, hex, 8);
    ret_text[8] = '-';
    memcpy(ret_text + 9, hex + 8, 4);
    ret_text[13] = '-';
    memcpy(ret_text + 14, hex + 12, 4);
    ret_text[18] = '-';
    memcpy(ret_text + 19, hex + 16, 4);
    ret_text[23] = '-';
    memcpy(ret_text + 24, hex + 20, 12);
    ret_text[36] = '\0';
}

static bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool uuid_valid(struct str s)
{
    if (s.n != UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s.p[i] != '-' : !is_lower_hex(s.p[i]))
            return false;
    }
    return s.p[14] == '7' && strchr("89ab", s.p[19]) != NULL;
}

int64_t uuid_time_msec(const char *uuid)
{
    uint64_t high = 0, low = 0;

    str_hex_to_u64((struct str){uuid, 8}, UINT32_MAX, &high);
    str_hex_to_u64((struct str){uuid + 9, 4}, UINT16_MAX, &low);
    return (int64_t)(high << 16 | low);
}

void hex_encode(const void *p, size_t n, char *ret_text)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++) {
        ret_text[2 * i] = digits[b[i] >> 4];
        ret_text[2 * i + 1] = digits[b[i] & 15];
    }
    ret_text[2 * n] = '\0';
}

int hex_decode(struct str s, void *ret, size_t n)
{
    uint8_t *b = ret;
    uint64_t value;

    if (s.n != 2 * n)
        return -EINVAL;
    /* Twice over the text, so that ret is untouched when it is not hexadecimal. */
    for (size_t i = 0; i < n; i++)
        if (str_hex_to_u64((struct str){s.p + 2 * i, 2}, 255, &value) < 0)
            return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        str_hex_to_u64((struct str){s.p + 2 * i, 2}, 255, &value);
        b[i] = (uint8_t)value;
    }
    return 0;
}

bool hex_valid(struct str s, size_t max)
{
    if (s.n == 0 || s.n > max || s.n % 2 != 0)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_lower_hex(s.p[i]))
            return false;
    return true;
}
