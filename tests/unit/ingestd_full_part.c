/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* A full core that comes in pieces, on a real store: what is told is there, whoever dies. */
#include "ingestd/full_part.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define ID         "01a1fd55-8832-7caa-bcf2-4dfe701461d1"
#define CORE_BYTES (3 * 1024 * 1024)
#define KILLS      25
#define PIECE      40000
#define DAY_USEC   (86400 * USEC_PER_SEC)

static char root[64], folder[160];
static struct blob_store *store;
static struct shelf *shelf;
static uint8_t core[CORE_BYTES];

static void begin(void)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
    };
    char name[BLOB_PATH_SIZE];
    _cleanup_fd_ int fd = -1;

    random_bytes(core, CORE_BYTES);
    memcpy(core, &header, sizeof(header));
    strcpy(root, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(blob_open(root, true, &store), 0);
    shelf = shelf_new();
    ck_assert_int_eq(blob_crash_begin(store, name, &fd), 0);
    ck_assert_int_eq(blob_crash_commit(store, name, fd, ID), 0);
}

static void end(void)
{
    blob_close(store);
    shelf_free(shelf);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, root), 0);
}

static uint64_t told(bool *ret_complete)
{
    uint64_t offset = 0;

    ck_assert_int_eq(full_part_look(store, ID, &offset, ret_complete), 0);
    return offset;
}

/* The first n bytes of that file of the crash. */
static void check_bytes(const char *name, uint64_t n)
{
    _cleanup_fd_ int fd = -1;
    static uint8_t found[CORE_BYTES];

    if (n == 0)
        return;
    ck_assert_int_eq(blob_crash_file(store, ID, name, &fd), 0);
    ck_assert_int_eq(io_read(fd, found, n), (ssize_t)n);
    ck_assert_int_eq(memcmp(found, core, n), 0);
}

START_TEST(outcomes)
{
    struct full_part *p, *second;
    struct fullcore facts = {0};
    bool complete = true;
    char digest[SHA256_TEXT_SIZE];
    uint64_t offset;

    begin();
    ck_assert_int_eq(full_part_look(store, "no id", &offset, &complete), FULL_PART_UNKNOWN);
    ck_assert_int_eq(full_part_open(store, shelf, "01a1fd55-8832-7caa-bcf2-000000000000", &p),
                     FULL_PART_UNKNOWN);
    ck_assert_uint_eq(told(&complete), 0);
    ck_assert(!complete);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &second), FULL_PART_BUSY);
    ck_assert_int_eq(full_part_add(p, core, 100), 0);
    ck_assert_uint_eq(told(&complete), 0); /* nothing is told before it is on disk */
    ck_assert_int_eq(full_part_sync(p), 0);
    ck_assert_uint_eq(told(&complete), 100);
    ck_assert_int_eq(full_part_add(p, core + 100, 100), 0);
    full_part_close(p);
    ck_assert_uint_eq(told(&complete), 100);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_uint_eq(full_part_size(p), 100);
    ck_assert_int_eq(full_part_add(p, core + 100, CORE_BYTES - 100), 0);
    ck_assert_int_eq(full_part_finish(p, &facts), 0);
    full_part_close(p);
    ck_assert_int_eq(facts.received, CORE_BYTES);
    sha256_text(core, CORE_BYTES, digest);
    ck_assert_str_eq(facts.sha256, digest);
    ck_assert_uint_eq(told(&complete), CORE_BYTES);
    ck_assert(complete);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), FULL_PART_COMPLETE);
    end();
}
END_TEST

START_TEST(no_core)
{
    struct full_part *p;
    struct fullcore facts = {0};
    bool complete;

    begin();
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_int_eq(full_part_add(p, "\177ELF", 4), 0);
    ck_assert_int_eq(full_part_finish(p, &facts), FULL_PART_NOT_A_CORE);
    full_part_close(p);
    ck_assert_uint_eq(told(&complete), 0);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_int_eq(full_part_add(p, "something else", 14), FULL_PART_NOT_A_CORE);
    ck_assert_int_lt(full_part_sync(p), 0); /* nothing is told of what is gone */
    full_part_close(p);
    ck_assert_uint_eq(told(&complete), 0);
    ck_assert(!complete);
    end();
}
END_TEST

/* Writes on from wherever it is, and tells after each sync how much has to be there. */
static void __attribute__((noreturn)) write_on(volatile uint64_t *synced)
{
    struct full_part *p;

    if (full_part_open(store, shelf, ID, &p) != 0)
        _exit(1);
    while (full_part_size(p) < CORE_BYTES) {
        uint64_t at = full_part_size(p);
        size_t n = CORE_BYTES - at < PIECE ? CORE_BYTES - at : PIECE;

        if (full_part_add(p, core + at, n) != 0 || full_part_sync(p) != 0)
            _exit(1);
        *synced = full_part_size(p);
    }
    _exit(0);
}

START_TEST(killed)
{
    volatile uint64_t *synced =
        mmap(NULL, sizeof(*synced), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct full_part *p;
    struct fullcore facts = {0};
    bool complete;

    begin();
    ck_assert(synced != MAP_FAILED);
    for (int i = 0; i < KILLS; i++) {
        pid_t pid = fork();
        uint64_t offset;

        if (pid == 0)
            write_on(synced);
        clock_sleep(i * 300);
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        offset = told(&complete);
        ck_assert(!complete && offset >= *synced && offset <= CORE_BYTES);
        check_bytes("full.part", offset);
    }
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_int_eq(full_part_add(p, core + full_part_size(p), CORE_BYTES - full_part_size(p)), 0);
    ck_assert_int_eq(full_part_finish(p, &facts), 0);
    full_part_close(p);
    ck_assert(told(&complete) == CORE_BYTES && complete);
    end();
}
END_TEST

/* After a power cut the file may be longer than what was synced, or shorter, or the record of it
 * may be damaged. */
START_TEST(torn)
{
    static const struct {
        const char *record;
        off_t size;
        uint64_t expected;
    } rows[] = {
        {"00000000000000000500\n", 1000, 500},
        {"00000000000000000500\n", 300, 300},
        {"", 1000, 0},
        {"0000000000", 1000, 0},
        {"xxxxxxxxxxxxxxxxxxxx\n", 1000, 0},
        {"99999999999999999999\n", 1000, 0},
    };

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_fd_ int dir_fd = -1, fd = -1;
        struct full_part *p;
        struct stat st;
        bool complete;

        ck_assert_int_eq(blob_crash_folder(store, ID, &dir_fd), 0);
        fd = openat(dir_fd, "full.part", O_RDWR | O_CREAT | O_TRUNC, 0600);
        ck_assert_int_eq(io_write(fd, core, 1000), 0);
        ck_assert_int_eq(ftruncate(fd, rows[i].size), 0);
        ck_assert_int_eq(
            io_publish(dir_fd, "full.offset", rows[i].record, strlen(rows[i].record), 0600), 0);
        ck_assert_uint_eq(told(&complete), rows[i].expected);
        ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
        ck_assert_uint_eq(full_part_size(p), rows[i].expected);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert_int_eq(st.st_size, (off_t)rows[i].expected);
        full_part_close(p);
    }
    end();
}
END_TEST

static void age_note(void)
{
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    snprintf(folder, sizeof(folder), "%s/partial/" ID, root);
    ck_assert_int_eq(utimensat(AT_FDCWD, folder, times, 0), 0);
}

START_TEST(sweeps)
{
    struct full_part *p;
    bool complete;

    begin();
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0);
    ck_assert_int_eq(full_part_add(p, core, 1000), 0);
    ck_assert_int_eq(full_part_sync(p), 0);
    ck_assert_int_eq(full_part_sweep(store, DAY_USEC), 0);
    age_note();
    ck_assert_int_eq(full_part_sweep(store, DAY_USEC), 0); /* it is being written */
    ck_assert_uint_eq(told(&complete), 1000);
    full_part_close(p);
    ck_assert_int_eq(full_part_open(store, shelf, ID, &p), 0); /* which makes the note young */
    full_part_close(p);
    ck_assert_int_eq(full_part_sweep(store, DAY_USEC), 0);
    ck_assert_uint_eq(told(&complete), 1000);
    age_note();
    ck_assert_int_eq(full_part_sweep(store, DAY_USEC), 0);
    ck_assert_uint_eq(told(&complete), 0);
    ck_assert_int_lt(access(folder, F_OK), 0);
    end();
}
END_TEST

UNIT_MAIN("ingestd/full_part", outcomes, no_core, killed, torn, sweeps)
