/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/percent.h"

#include "common/base/id.h"

/* One byte of the text, after the escape that stands for it; 0 when it is not allowed. */
static unsigned char decode_one(struct str s, size_t *i, bool plus_is_space)
{
    unsigned char c = (unsigned char)s.p[(*i)++];

    if (c == '+' && plus_is_space)
        return ' ';
    if (c != '%')
        return c;
    if (s.n - *i < 2 || hex_decode((struct str){s.p + *i, 2}, &c, 1) < 0)
        return 0;
    *i += 2;
    return c;
}

int percent_decode(struct arena *a, struct str s, bool plus_is_space, char **ret)
{
    char *text = arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; n++) {
        unsigned char c = decode_one(s, &i, plus_is_space);

        if (c == 0)
            return PERCENT_BAD;
        text[n] = (char)c;
    }
    text[n] = '\0';
    utf8_repair(text, n);
    *ret = text;
    return 0;
}
