/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that follow each other are read with one call. A page that cannot be read (a file that was
 * cut short under its mapping) is passed over; many of them mean that the process is gone. */
#include "client/slim/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FAILURES_MAX 256u

void held_fini(struct held *h)
{
    if (h->memory)
        munmap(h->memory, h->size);
    free(h->pieces);
    *h = (struct held){0};
}

/* Room for so many bytes more. */
static int reserve(struct held *h, size_t n)
{
    if (h->size - h->used >= n)
        return 0;
    size_t size = h->used + n;
    void *p = h->memory
                  ? mremap(h->memory, h->size, size, MREMAP_MAYMOVE)
                  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -ENOMEM;
    h->memory = p;
    h->size = size;
    return 0;
}

static int add_piece(struct held *h, uint64_t address, size_t n)
{
    struct piece *last = h->n > 0 ? &h->pieces[h->n - 1] : NULL;

    if (last && last->address + last->n == address && last->at + last->n == h->used) {
        last->n += n;
        h->used += n;
        return 0;
    }
    if (h->n == h->capacity) {
        size_t capacity = h->capacity ? 2 * h->capacity : 256;
        struct piece *p = realloc(h->pieces, capacity * sizeof *p);

        if (!p)
            return -ENOMEM;
        h->pieces = p;
        h->capacity = capacity;
    }
    h->pieces[h->n++] = (struct piece){address, n, h->used};
    h->used += n;
    return 0;
}

/* Whole pages alone, unless the memory itself ends within one. */
static int copy_range(struct held *h, const struct slim_source *source, struct slim_range r)
{
    while (r.n > 0 && h->failures < FAILURES_MAX) {
        size_t want = (size_t)r.n < h->size - h->used ? (size_t)r.n : h->size - h->used;
        ssize_t got = source->read(source->arg, r.start, h->memory + h->used, want);
        uint64_t rest = PAGE_BYTES - r.start % PAGE_BYTES;
        uint64_t good = got > 0 ? (uint64_t)got : 0;

        if (good > want)
            good = want;
        if (good < r.n)
            good = good < rest ? 0 : rest + (good - rest) / PAGE_BYTES * PAGE_BYTES;
        if (good > 0) {
            int status = add_piece(h, r.start, (size_t)good);

            if (status < 0)
                return status;
        } else {
            h->failures++;
            good = rest < r.n ? rest : r.n;
        }
        r.start += good;
        r.n -= good;
    }
    return 0;
}

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

static int copy_pages(struct held *h, struct choice *c)
{
    const uint64_t *list = c->pages.list;
    size_t n = c->pages.n, i = h->chosen;
    int status = 0;

    pages_sort(&c->pages, h->chosen);
    while (i < n && status == 0) {
        uint64_t start = list[i], end = start;
        struct slim_range r;

        for (; i < n && list[i] == end; i++)
            end += PAGE_BYTES;
        while (status == 0 && choice_dumped(c->core, start, end, &r)) {
            status = copy_range(h, c->source, r);
            start = r.start + r.n;
        }
    }
    h->chosen = n;
    return status;
}

static int copy_constants(struct held *h, const struct choice *c)
{
    int status = 0;

    for (; h->constants < c->n_constants && status == 0; h->constants++)
        status =
            copy_range(h, c->source, (struct slim_range){c->constants[h->constants], PAGE_BYTES});
    return status;
}

int held_copy(struct held *h, struct choice *c)
{
    size_t before = h->n, constants = c->n_constants - h->constants;
    int status = reserve(h, (c->pages.n - h->chosen + constants) * PAGE_BYTES);

    if (status == 0)
        status = copy_pages(h, c);
    if (status == 0)
        status = copy_constants(h, c);
    if (before > 0 || constants > 0)
        qsort(h->pieces, h->n, sizeof *h->pieces, compare_pieces);
    return status;
}

size_t held_piece(const struct held *h, uint64_t address)
{
    size_t low = 0, high = h->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (h->pieces[middle].address + h->pieces[middle].n <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const uint8_t *held_at(const struct held *h, uint64_t address, size_t *ret_n)
{
    size_t i = held_piece(h, address);

    if (i == h->n || h->pieces[i].address > address)
        return NULL;
    uint64_t skip = address - h->pieces[i].address;

    *ret_n = (size_t)(h->pieces[i].n - skip);
    return h->memory + h->pieces[i].at + skip;
}

size_t held_read(const struct held *h, uint64_t address, void *p, size_t n)
{
    size_t done = 0, there;

    while (done < n) {
        const uint8_t *from = held_at(h, address + done, &there);

        if (!from)
            break;
        if (there > n - done)
            there = n - done;
        memcpy((uint8_t *)p + done, from, there);
        done += there;
    }
    return done;
}
