/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as method and path ("GET /a/b"): not found, not allowed, or a row whose pattern, with
 * the parameters put in, is the path again. A path that is not allowed has other methods to offer.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/http/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define METHOD_MAX 32

static const struct route routes[] = {
    {.method = "GET", .pattern = "/"},
    {.method = "GET", .pattern = "/groups/new"},
    {.method = "GET", .pattern = "/groups/{id}"},
    {.method = "POST", .pattern = "/groups/{id}/{verb}"},
    {.method = "PUT", .pattern = "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"},
};

static void check_found(const struct router_match *m, struct str path)
{
    struct str pattern = str_from(m->route->pattern), segment;
    _cleanup_buf_ struct buf b;
    size_t i = 0;

    buf_init(&b, path.n + 1);
    str_split(&pattern, '/', &segment);
    while (str_split(&pattern, '/', &segment)) {
        buf_addc(&b, '/');
        if (segment.n > 2 && segment.p[0] == '{') {
            assert(m->params[i].name.n == segment.n - 2 && m->params[i].value.n > 0);
            segment = m->params[i++].value;
        }
        buf_add(&b, segment.p, segment.n);
    }
    assert(i == m->n_params && str_eq((struct str){buf_text(&b), b.len}, path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str path = {size ? (const char *)data : "", size}, word;
    char method[METHOD_MAX];
    _cleanup_buf_ struct buf allow;
    struct router_match m;

    buf_init(&allow, ROUTER_ALLOW_MAX);
    if (!str_split(&path, ' ', &word) || !path.p || word.n >= sizeof(method))
        return 0;
    memcpy(method, word.p, word.n);
    method[word.n] = '\0';
    router_allow(routes, ARRAY_SIZE(routes), path, &allow);
    assert(buf_error(&allow) == 0);
    switch (router_find(routes, ARRAY_SIZE(routes), method, path, &m)) {
    case 0:
        check_found(&m, path);
        break;
    case ROUTER_NOT_ALLOWED:
        assert(allow.len > 0);
        break;
    default:
        assert(allow.len == 0);
    }
    return 0;
}
