/* SPDX-License-Identifier: Apache-2.0 */
/* main() of a fuzz target outside of libFuzzer: gives every file of one corpus folder to the target
 * and reports TAP, one line a file. A target must stand any bytes, so each file is also tried cut
 * short and with single bytes changed: the same variants on every run, and a bounded number of
 * them. A crash leaves the run without its plan, which the runner takes for a failure; which file
 * it was has been printed before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"

#define FILE_MAX     (64u << 20)
#define VARIANTS_MAX 256        /* of each sort and file */
#define VARIANT_WORK (4u << 20) /* bytes that the variants of a sort and file may have together */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly that size, so that AddressSanitizer sees a read past the end. */
static void give(const char *data, size_t size)
{
    _cleanup_free_ uint8_t *copy = malloc(size);

    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
}

static size_t variants(size_t size)
{
    size_t affordable = VARIANT_WORK / (size + 1);
    size_t wanted = affordable < VARIANTS_MAX ? affordable : VARIANTS_MAX;

    return wanted < size ? wanted : size;
}

static void give_cut(const char *data, size_t size)
{
    size_t n = variants(size);

    for (size_t i = 0; i < n; i++)
        give(data, size * i / n);
}

static void give_changed(char *data, size_t size)
{
    static const char changes[] = {0x01, (char)0x80, (char)0xff, 0x20};
    size_t n = variants(size);

    for (size_t i = 0; i < n; i++) {
        size_t at = size * i / n;
        char before = data[at];

        data[at] ^= changes[i % sizeof(changes)];
        give(data, size);
        data[at] = before;
    }
}

static bool replay(const char *folder, const char *name, int number)
{
    _cleanup_buf_ struct buf content = BUF_INIT(FILE_MAX), path = BUF_INIT(4096);
    int r;

    buf_printf(&path, "%s/%s", folder, name);
    printf("# %s\n", name);
    fflush(stdout);
    r = io_read_file(AT_FDCWD, buf_text(&path), &content);
    if (r < 0) {
        printf("not ok %d - %s: %s\n", number, name, strerror(-r));
        return false;
    }
    give(content.data, content.len);
    give_cut(content.data, content.len);
    give_changed(content.data, content.len);
    printf("ok %d - %s\n", number, name);
    return true;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    bool good = true;
    int n;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    n = scandir(argv[1], &entries, is_input, alphasort);
    if (n <= 0) {
        printf("1..1\nnot ok 1 - %s: %s\n", argv[1], n == 0 ? "no input" : strerror(errno));
        return 1;
    }
    give(NULL, 0);
    for (int i = 0; i < n; i++) {
        good &= replay(argv[1], entries[i]->d_name, i + 1);
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", n);
    return good ? 0 : 1;
}
