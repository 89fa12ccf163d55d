/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sidecar */
/* Any bytes as an ELF file: what is planned is no larger than they are, is written within what was
 * announced, and is an ELF file with the same build-id. */
#include "client/sidecar/sidecar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
    uint8_t *data;
    uint64_t size, written;
};

static int put(void *arg, uint64_t at, const void *p, size_t n)
{
    struct out *o = arg;

    assert(range_within(at, n, o->size));
    memcpy(o->data + at, p, n);
    o->written += n;
    return 0;
}

static void check(const uint8_t *data, size_t size, const struct out *o)
{
    char before[ELF_BUILD_ID_TEXT], after[ELF_BUILD_ID_TEXT];
    struct elf_view v, w;

    assert(elf_open(data, size, &v) == 0);
    assert(elf_open(o->data, o->size, &w) == 0);
    assert(v.type == w.type && v.machine == w.machine && v.phnum == w.phnum);
    /* What has no segments for its notes may lose them with its broken section headers. */
    if (elf_build_id(&v, before) == 0 && elf_build_id(&w, after) == 0 && v.shnum == 0)
        assert(strcmp(before, after) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct sidecar s;

    arena_init(&a, 64u << 20);
    if (sidecar_plan(bytes_of_memory(data, size), &a, &s) == 0) {
        struct out o = {.size = s.size};

        assert(s.kept <= size + s.sections_size);
        assert(s.size <= 2 * (size + s.sections_size) + s.n_pieces * 4096);
        o.data = calloc(1, s.size);
        assert(o.data && sidecar_write(&s, put, &o) == 0);
        assert(o.written == s.kept + s.header_size);
        check(data, size, &o);
        free(o.data);
    }
    arena_fini(&a);
    return 0;
}
