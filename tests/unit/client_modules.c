/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* The modules of this very process: found, told by their build-ids, put on the shelf. */
#include "client/process/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/process/landmarks.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"

static struct arguments arguments_of(pid_t pid, int pidfd)
{
    return (struct arguments){.pid = pid, .tid = pid, .pidfd = pidfd < 0 ? META_UNKNOWN : pidfd};
}

static const struct meta_module *find_module(const struct modules *m, const char *part)
{
    for (size_t i = 0; i < m->n; i++)
        if (strstr(m->entries[i].path, part))
            return &m->entries[i];
    return NULL;
}

START_TEST(modules_are_found_and_kept)
{
    char kind[] = "executable";
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char folder[] = "/tmp/corral-unit.XXXXXX";
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    struct spool spool;
    struct settings settings = {.modules = kind, .module_max = UINT64_MAX};
    struct modules m = {0};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert_ptr_nonnull(find_module(&m, "client_modules"));
    ck_assert_ptr_nonnull(find_module(&m, "libc.so"));
    ck_assert_ptr_null(find_module(&m, "[vdso]"));
    ck_assert(find_module(&m, "libc.so")->start <= (uintptr_t)&lfind &&
              find_module(&m, "libc.so")->end > (uintptr_t)&lfind);
    ck_assert_int_eq(modules_keep(&m, &spool, &settings, &a), 0);
    if (geteuid() == 0) { /* map_files is root's */
        ck_assert_ptr_nonnull(find_module(&m, "libc.so")->build_id);
        ck_assert(find_module(&m, "libc.so")->offered);
        ck_assert(shelf_has(&spool, find_module(&m, "libc.so")->build_id, SHELF_EXECUTABLE));
    }
    ck_assert_int_eq(io_remove_tree(spool.dir, "modules"), 0);
    spool_close(&spool);
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    settings.module_max = 4096;
    ck_assert_int_eq(modules_keep(&m, &spool, &settings, &a), 0);
    ck_assert(!find_module(&m, "libc.so")->offered); /* too large, and none over the budget */
    modules_close(&m);
    spool_close(&spool);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}
END_TEST

/* As many mappings as a process likes, of files that are nobody's business, cost no memory. */
START_TEST(what_is_not_kept_is_not_remembered)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    const size_t page = 4096, pages = 2000;
    struct modules m = {0};
    char name[240];
    int fds[2];
    char *at;

    memset(name, '\n', sizeof(name)); /* four bytes each in maps */
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(fds[i] = memfd_create(name, 0), 0);
    at = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(at != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        ck_assert(mmap(at + i * page, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fds[i % 2], 0) !=
                  MAP_FAILED);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert_ptr_nonnull(find_module(&m, "client_modules"));
    ck_assert_uint_lt(a.used,
                      META_MODULES_MAX * (sizeof(struct meta_module) + sizeof(int)) + 65536);
    modules_close(&m);
    ck_assert_int_eq(munmap(at, pages * page), 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static ssize_t read_self(void *arg, uint64_t address, void *p, size_t n)
{
    const int *memory = arg;
    ssize_t got = pread(*memory, p, n, (off_t)address);

    return got < 0 ? -errno : got;
}

START_TEST(build_ids_come_from_memory)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    struct arguments args = arguments_of(getpid(), -1);
    struct slim_source source = {read_self, &memory};
    struct modules m = {0};
    size_t known = 0;

    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    modules_identify(&m, &source, &a);
    for (size_t i = 0; i < m.n; i++) {
        _cleanup_fd_ int fd = open(m.entries[i].path, O_RDONLY | O_CLOEXEC);
        char expected[ELF_BUILD_ID_TEXT];

        if (fd < 0 || elf_build_id_fd(fd, expected) != 0)
            continue;
        ck_assert_msg(m.entries[i].build_id, "%s has none", m.entries[i].path);
        ck_assert_str_eq(m.entries[i].build_id, expected);
        known++;
    }
    ck_assert_uint_ge(known, 3); /* this program, the C library, the loader */
    modules_close(&m);
}
END_TEST

static ssize_t read_garbage(void *arg, uint64_t address, void *p, size_t n)
{
    Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                    .e_type = ET_DYN,
                    .e_phoff = sizeof(h),
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = 70};
    size_t *reads = arg;

    ++*reads;
    memset(p, (int)address | 4, n);
    if (n >= sizeof(h))
        memcpy(p, &h, sizeof(h));
    return (ssize_t)n;
}

START_TEST(memory_that_lies_costs_little)
{
    size_t reads = 0;
    struct slim_source source = {read_garbage, &reads};
    char build_id[ELF_BUILD_ID_TEXT];

    ck_assert_int_eq(modules_build_id(&source, 0x10000, build_id), ELF_NO_BUILD_ID);
    ck_assert_uint_le(reads, 1 + MODULES_IDENTIFY_MAX / 4096);
}
END_TEST

START_TEST(sidecars_are_kept_instead)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    char folder[] = "/tmp/corral-unit.XXXXXX", unwind[] = "unwind", none[] = "none";
    struct settings settings = {.modules = unwind, .module_max = 1u << 30};
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    _cleanup_fd_ int copy = -1;
    struct modules m = {0};
    struct stat whole, side;
    struct spool spool;

    if (geteuid() != 0) /* map_files is root's */
        return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert_int_eq(modules_keep(&m, &spool, &settings, &a), 0);
    const struct meta_module *libc = find_module(&m, "libc.so");

    ck_assert(libc->offered && !shelf_has(&spool, libc->build_id, SHELF_EXECUTABLE));
    ck_assert_int_eq(shelf_open(&spool, libc->build_id, SHELF_UNWIND, &copy), 0);
    ck_assert_int_eq(stat(libc->path, &whole), 0);
    ck_assert_int_eq(fstat(copy, &side), 0);
    ck_assert_int_lt(side.st_blocks, whole.st_blocks / 2);
    settings.modules = none;
    ck_assert_int_eq(io_remove_tree(spool.dir, "modules"), 0);
    spool_close(&spool);
    ck_assert_int_eq(spool_open(folder, &spool), 0);
    for (size_t i = 0; i < m.n; i++)
        m.entries[i].offered = false;
    ck_assert_int_eq(modules_keep(&m, &spool, &settings, &a), 0);
    ck_assert(!libc->offered && !shelf_has(&spool, libc->build_id, SHELF_UNWIND));
    modules_close(&m);
    spool_close(&spool);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}
END_TEST

/* Programs that a runtime makes out of files by the thousand: what the stacks lead through, and the
 * C library behind them all, is there all the same. */
START_TEST(of_too_many_those_that_matter)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct arguments args = arguments_of(getpid(), -1);
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    const size_t page = 4096, pages = 2 * (META_MODULES_MAX + 100);
    struct modules m = {0};
    int fds[2];
    char *at;

    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(fds[i] = memfd_create("jit", 0), 0);
    at = mmap((void *)0x10000000, pages * page, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ck_assert(at != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        ck_assert(mmap(at + i * page, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
                       fds[i % 2], 0) != MAP_FAILED);
    ck_assert_int_eq(process_open(&args, &p), 0);
    modules_read(&p, &a, &m);
    ck_assert(m.cut);
    ck_assert_uint_eq(m.n, META_MODULES_MAX);
    ck_assert_ptr_nonnull(find_module(&m, "libc.so"));
    ck_assert_ptr_nonnull(find_module(&m, "client_modules"));
    ck_assert(!strstr(m.entries[0].path, "jit")); /* those that matter go first */
    for (size_t i = 0; i < m.n; i++)
        ck_assert(m.entries[i].path && m.entries[i].end > m.entries[i].start);
    modules_close(&m);
    ck_assert_int_eq(munmap(at, pages * page), 0);
}
END_TEST

START_TEST(where_threads_were)
{
    static const char *const bad[] = {"", "1 (a) S", "1 (a", "1 (a) R 1 2 3 4 5 6 7 8 9 x"};
    struct str text = STR("9 (a) b) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 "
                          "24 25 4096 8192 0\n");
    struct landmarks l;
    uint64_t sp, pc;

    ck_assert(landmarks_parse_stat(text, &sp, &pc));
    ck_assert_uint_eq(sp, 4096);
    ck_assert_uint_eq(pc, 8192);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!landmarks_parse_stat(str_from(bad[i]), &sp, &pc), "%s", bad[i]);
    l = (struct landmarks){(uint64_t[]){10, 20, 30}, 3};
    ck_assert(landmarks_any(&l, 20, 21) && landmarks_any(&l, 0, 11) && landmarks_any(&l, 25, 99));
    ck_assert(!landmarks_any(&l, 0, 10) && !landmarks_any(&l, 21, 30) &&
              !landmarks_any(&l, 31, 99));
}
END_TEST

UNIT_MAIN("client/modules", modules_are_found_and_kept, what_is_not_kept_is_not_remembered,
          build_ids_come_from_memory, memory_that_lies_costs_little, sidecars_are_kept_instead,
          of_too_many_those_that_matter, where_threads_were)
