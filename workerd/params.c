/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/params.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/id.h"

#define ARRAY_TEXT_MAX (1024u * 1024)

struct number number(int64_t n)
{
    struct number t;

    snprintf(t.text, sizeof(t.text), "%" PRId64, n);
    return t;
}

struct moment moment(int64_t usec)
{
    struct moment t;

    clock_format(usec, t.text);
    return t;
}

struct digest_text digest_text(const uint8_t digest[SHA256_SIZE])
{
    struct digest_text t = {"\\x"};

    hex_encode(digest, SHA256_SIZE, t.text + 2);
    return t;
}

struct order_text order_text(const char *version)
{
    struct version_order o = version_order(str_from(version));
    struct order_text t = {"\\x"};

    hex_encode(o.bytes, o.n, t.text + 2);
    return t;
}

const char *array_text(const struct text_set *set, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ARRAY_TEXT_MAX);

    buf_addc(&b, '{');
    for (size_t i = 0; i < set->n; i++) {
        buf_adds(&b, i ? ",\"" : "\"");
        for (const char *p = set->texts[i]; *p; p++) {
            if (*p == '"' || *p == '\\')
                buf_addc(&b, '\\');
            buf_addc(&b, *p);
        }
        buf_addc(&b, '"');
    }
    buf_addc(&b, '}');
    return buf_error(&b) < 0 ? "{}" : arena_strdup(a, buf_text(&b));
}
