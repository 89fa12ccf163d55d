/* SPDX-License-Identifier: Apache-2.0 */
/* A page of the cache is one piece of memory within one IMAGE_PAGE: from the first byte that the
 * dump has of it, or where the piece that was asked for begins (a slim core's pieces begin and end
 * anywhere), as far as it goes on or its range does. Pages are found by their number modulo
 * IMAGE_PAGES: a stack is read upwards, so neighbours never drive each other out. */
#include "workerd/image/image.h"

#include <string.h>

#define STRADDLED_READS 8u /* a word that crosses ranges may have each of its bytes in another */

static struct image_page *page_of(struct image *i, uint64_t address)
{
    return &i->pages[address / IMAGE_PAGE % IMAGE_PAGES];
}

/* The bytes at address within the page; NULL when it has not all of them. */
static const uint8_t *find(const struct image_page *page, uint64_t address, size_t n)
{
    uint64_t skip = address - page->start; /* below the start it wraps, and is too large */

    return skip < page->length && n <= page->length - skip ? page->bytes + skip : NULL;
}

static void load(struct image *i, struct image_page *page, uint64_t address)
{
    uint64_t start = address & -(uint64_t)IMAGE_PAGE;
    size_t n = IMAGE_PAGE;
    struct image_range range;

    page->length = 0;
    i->reads++;
    if (!i->reader->range(i->source, address, &range))
        return;
    if (range.start > start) {
        n -= (size_t)(range.start - start);
        start = range.start;
    }
    if (!page->bytes)
        page->bytes = arena_raw(i->arena, IMAGE_PAGE);
    if (range.end - start < n)
        n = (size_t)(range.end - start);
    ssize_t got = i->reader->read(i->source, start, page->bytes, n);

    page->start = start;
    page->length = got > 0 ? (size_t)got : 0;
}

bool image_read(struct image *i, uint64_t address, void *p, size_t n)
{
    struct image_page *page = page_of(i, address);
    const uint8_t *bytes = NULL;

    if (n <= IMAGE_PAGE - address % IMAGE_PAGE) {
        if (!find(page, address, 1))
            load(i, page, address);
        if (!find(page, address, 1))
            return false;
        bytes = find(page, address, n);
    }
    if (!bytes) {
        i->reads += STRADDLED_READS;
        return i->reader->read(i->source, address, p, n) == (ssize_t)n;
    }
    memcpy(p, bytes, n);
    return true;
}

bool image_word(struct image *i, uint64_t address, uint64_t *ret)
{
    size_t n = layout_word_size(i->layout);
    const uint8_t *bytes = find(page_of(i, address), address, n);
    uint8_t word[8];

    if (!bytes) {
        if (!image_read(i, address, word, n))
            return false;
        bytes = word;
    }
    *ret = layout_word(i->layout, bytes);
    return true;
}

bool image_range(struct image *i, uint64_t address, struct image_range *ret)
{
    const struct image_range *last = &i->last_range;

    if ((address < last->start || address >= last->end) &&
        !i->reader->range(i->source, address, &i->last_range))
        return false;
    *ret = *last;
    return true;
}

bool image_above(const struct image *i, uint64_t address, struct image_range *ret)
{
    return i->reader->above && i->reader->above(i->source, address, ret);
}

bool image_file_at(const struct image *i, uint64_t address, struct image_file *ret)
{
    return i->reader->file && i->reader->file(i->source, address, ret);
}

struct image_module *image_module_at(const struct image *i, uint64_t address)
{
    size_t low = 0, high = i->n_modules;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (i->modules[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < i->modules[low - 1].end ? &i->modules[low - 1] : NULL;
}
