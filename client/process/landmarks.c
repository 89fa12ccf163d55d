/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/landmarks.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define STAT_MAX      4096
#define AUXV_MAX      8192
#define KSTKESP_FIELD 29 /* counted from 1, as in proc(5) */

static void add(struct landmarks *l, uint64_t address)
{
    if (address != 0 && l->n < LANDMARKS_MAX)
        l->addresses[l->n++] = address;
}

/* The name, which may hold anything, ends at the last parenthesis; the state is field 3. */
bool landmarks_parse_stat(struct str text, uint64_t *ret_sp, uint64_t *ret_pc)
{
    const char *end = text.n ? memrchr(text.p, ')', text.n) : NULL;
    uint64_t sp = 0, pc = 0;
    struct str rest, field;

    if (!end)
        return false;
    rest = str_trim((struct str){end + 1, text.n - (size_t)(end + 1 - text.p)});
    for (unsigned i = 3; i <= KSTKESP_FIELD + 1; i++) {
        if (!str_split(&rest, ' ', &field))
            return false;
        if (i == KSTKESP_FIELD && str_to_u64(field, UINT64_MAX, &sp) < 0)
            return false;
    }
    if (str_to_u64(field, UINT64_MAX, &pc) < 0)
        return false;
    *ret_sp = sp;
    *ret_pc = pc;
    return true;
}

static void add_stack(struct landmarks *l, int memory, uint64_t sp)
{
    uint64_t words[LANDMARKS_STACK / sizeof(uint64_t)];
    ssize_t n = sp == 0 || sp > INT64_MAX || memory < 0
                    ? 0
                    : pread(memory, words, sizeof(words), (off_t)(sp & ~(uint64_t)7));

    for (ssize_t i = 0; i < n / (ssize_t)sizeof(words[0]); i++)
        add(l, words[i]);
}

static void add_thread(struct landmarks *l, int tasks, const char *tid, int memory)
{
    _cleanup_buf_ struct buf b = BUF_INIT(STAT_MAX);
    char path[32];
    uint64_t sp, pc;

    snprintf(path, sizeof(path), "%.16s/stat", tid);
    if (io_read_file(tasks, path, &b) < 0 ||
        !landmarks_parse_stat((struct str){b.data, b.len}, &sp, &pc))
        return;
    add(l, pc);
    add_stack(l, memory, sp);
}

static void add_threads(struct landmarks *l, int process_dir)
{
    _cleanup_fd_ int memory = openat(process_dir, "mem", O_RDONLY | O_CLOEXEC);
    int fd = openat(process_dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_dir_ DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    unsigned n = 0;

    while (tasks && n < LANDMARKS_THREADS_MAX && (entry = readdir(tasks)))
        if (entry->d_name[0] != '.') {
            add_thread(l, dirfd(tasks), entry->d_name, memory);
            n++;
        }
}

static void add_auxiliary(struct landmarks *l, int process_dir)
{
    _cleanup_buf_ struct buf b = BUF_INIT(AUXV_MAX);
    Elf64_auxv_t pair;

    if (io_read_file(process_dir, "auxv", &b) < 0)
        return;
    for (size_t at = 0; b.len - at >= sizeof(pair); at += sizeof(pair)) {
        memcpy(&pair, b.data + at, sizeof(pair));
        if (pair.a_type == AT_ENTRY || pair.a_type == AT_BASE || pair.a_type == AT_PHDR)
            add(l, pair.a_un.a_val);
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

void landmarks_read(int process_dir, struct landmarks *ret)
{
    *ret = (struct landmarks){.addresses = malloc(LANDMARKS_MAX * sizeof(uint64_t))};
    if (!ret->addresses)
        return;
    add_auxiliary(ret, process_dir);
    add_threads(ret, process_dir);
    qsort(ret->addresses, ret->n, sizeof(ret->addresses[0]), compare);
}

void landmarks_free(struct landmarks *l)
{
    free(l->addresses);
    *l = (struct landmarks){0};
}

bool landmarks_any(const struct landmarks *l, uint64_t start, uint64_t end)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (l->addresses[middle] < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->n && l->addresses[low] < end;
}
