/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Pattern and names of a crash, cut at the first newlines of the bytes. */
#include "client/handler/chain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t blanks(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == ' ';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct arguments args = {.pid = 1, .core_limit = UINT64_MAX};
    const char *texts[4] = {0};
    struct str rest = {(const char *)data, size}, line;
    char *const *argv;
    size_t n = 0;

    for (size_t i = 0; i < 4 && str_split(&rest, '\n', &line); i++)
        texts[i] = arena_strndup(&a, line.p, line.n);
    args.hostname = texts[1];
    args.comm = texts[2];
    args.path = texts[3];
    if (!texts[0] || chain_expand(texts[0], &args, &a, &argv) < 0)
        return 0;
    assert(argv[0] && argv[0][0] == '/');
    while (argv[n])
        n++;
    /* What a crash calls itself makes no further argument. */
    assert(n <= blanks(texts[0]) + 1);
    return 0;
}
