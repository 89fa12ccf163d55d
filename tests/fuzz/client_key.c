/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* A core of any bytes, which are the process' memory as well: there is always a kind, it is always
 * the same, and what it is told with is text. */
#include "client/handler/key.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t read_core(void *arg, uint64_t address, void *p, size_t n)
{
    return corefile_read(arg, address, p, n);
}

static void check_text(const char *text)
{
    assert(!text || utf8_valid_prefix(text, strlen(text)) == strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(64u << 20);
    struct corefile core;
    struct slim_source source = {read_core, &core};
    struct ledger_case first, again;
    struct crash_meta m;

    meta_init(&m);
    if (corefile_open(bytes_of_memory(data, size), &a, &core) != 0)
        return 0;
    key_read(&core, &source, &m, &a, &first);
    key_read(&core, &source, &m, &a, &again);
    assert(memcmp(&first.kind, &again.kind, sizeof(first.kind)) == 0);
    assert(memcmp(&first.executable, &again.executable, sizeof(first.executable)) == 0);
    check_text(first.module);
    check_text(first.build_id);
    return 0;
}
