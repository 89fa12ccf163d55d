/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
/* Five lines: status, text, sort, limit, cursor. What is accepted makes an address that stands in
 * one line and in quotes. */
#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/view/listing.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a;
    struct str rest = {(const char *)data, size}, line;
    const char *fields[5] = {0};
    struct listing_query q;
    struct listing l;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_SIZE(fields) && size && str_split(&rest, '\n', &line); i++)
        fields[i] = arena_strndup(&a, line.p, line.n);
    q = (struct listing_query){fields[0], fields[1], fields[2], fields[3], fields[4]};
    if (listing_parse(&q, &a, &l))
        return 0;
    assert(l.limit > 0 && l.limit <= LISTING_LIMIT_MAX);
    assert(strlen(l.text) <= LISTING_TEXT_MAX &&
           utf8_valid_prefix(l.text, strlen(l.text)) == strlen(l.text));
    assert(!strpbrk(listing_after(&l, &a, INT64_MIN, INT64_MAX), "\r\n\"'<> "));
    return 0;
}
