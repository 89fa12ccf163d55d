/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/source */
/* The first two bytes are the line that is asked for, the rest is the file. What comes out are at
 * most eleven lines, one after the other, with the one that was asked for among them. */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "dashd/source/excerpt.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(const struct excerpt *x, unsigned line)
{
    bool found = false;

    assert(x->n > 0 && x->n <= EXCERPT_LINES && x->marked == line);
    for (size_t i = 0; i < x->n; i++) {
        assert(x->lines[i].number == x->lines[0].number + i);
        assert(strlen(x->lines[i].text) <= EXCERPT_LINE_MAX);
        assert(strchr(x->lines[i].text, '\n') == NULL);
        found |= x->lines[i].number == line;
    }
    assert(found);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int fd = memfd_create("file", MFD_CLOEXEC);
    unsigned line = size > 1 ? data[0] * 256u + data[1] : 0;
    struct excerpt x;
    int r;

    if (size < 2)
        return 0;
    assert(io_write(fd, data + 2, size - 2) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    r = excerpt_read(fd, line, &a, &x);
    assert(r >= 0);
    if (r == 0)
        check(&x, line);
    return 0;
}
