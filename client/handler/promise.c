/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/promise.h"

#include "common/core/elf.h"
#include "common/report/meta.h"

void promise_init(struct promise *p)
{
    *p = (struct promise){.wanted = sizeof(Elf64_Ehdr), .expected = META_UNKNOWN};
    buf_init(&p->head, PROMISE_HEAD_MAX);
}

void promise_fini(struct promise *p)
{
    buf_fini(&p->head);
}

/* Nothing more can be learnt: the length is known, or the head is none and promises nothing. */
static void settle(struct promise *p)
{
    p->wanted = 0;
    buf_fini(&p->head);
}

static void add_segments(struct promise *p, const struct elf_view *v)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < v->phnum; i++) {
        struct elf_segment s;

        if (elf_segment(v, i, &s) != 0 || s.filesz > INT64_MAX || s.offset > INT64_MAX - s.filesz)
            return;
        if (s.offset + s.filesz > end)
            end = s.offset + s.filesz;
    }
    p->expected = (int64_t)end;
}

/* Enough for the ELF header at first, then for the table that it names. With more than 65,534
 * segments their number stands at the end of the stream (elf(5), PN_XNUM), which is too late. */
static void read_head(struct promise *p)
{
    struct elf_view v;
    uint64_t table;

    if (elf_open(p->head.data, p->head.len, &v) != 0 || v.type != ET_CORE || v.phnum_unknown ||
        v.phnum == 0 || v.phoff > PROMISE_HEAD_MAX) {
        settle(p);
        return;
    }
    table = v.phoff + (uint64_t)v.phnum * v.phentsize;
    if (table > PROMISE_HEAD_MAX) {
        settle(p);
    } else if (table > p->head.len) {
        p->wanted = (size_t)table;
    } else {
        add_segments(p, &v);
        settle(p);
    }
}

void promise_feed(struct promise *p, const void *data, size_t n)
{
    const char *from = data;

    while (p->wanted > p->head.len && n > 0) {
        size_t missing = p->wanted - p->head.len;
        size_t take = n < missing ? n : missing;

        buf_add(&p->head, from, take);
        from += take;
        n -= take;
        if (buf_error(&p->head))
            settle(p);
        else if (p->head.len == p->wanted)
            read_head(p);
    }
}
