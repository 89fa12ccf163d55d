/* SPDX-License-Identifier: Apache-2.0 */
/* Makes slim cores, and what goes with them, without any handler.
 *
 *     slim-core FULL SLIM [TOTAL]    from a full core: its head as the kernel would have sent it,
 *                                    its bytes, and those of the files that were mapped, in the
 *                                    place of the process' memory
 *     slim-core --pipe FOLDER PID    as core_pattern's program: takes FOLDER/slim from the memory
 *                                    of the dying process, then writes the same crash to
 * FOLDER/full slim-core --only FOLDER PID    … without the latter slim-core --sidecar FILE OUT what
 * the server may have of a program that is mapped
 *
 * FOLDER/time, or standard output, says how long slim_take took and how much there is. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/sidecar/sidecar.h"
#include "client/slim/slim.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define HEAD_MAX (256u << 20)

static const struct slim_limits usual = {16u << 20, 256u << 10, 512u << 10, 32u << 20};

static ssize_t read_mapped(const struct corefile *core, uint64_t address, void *p, size_t n)
{
    const struct core_mapping *m = corefile_mapping(core, address);
    _cleanup_fd_ int fd = m ? open(m->path, O_RDONLY | O_CLOEXEC) : -1;

    return fd < 0 ? 0 : pread(fd, p, n, (off_t)(address - m->start + m->file_offset));
}

static ssize_t read_core(void *arg, uint64_t address, void *p, size_t n)
{
    ssize_t got = corefile_read(arg, address, p, n);

    return got > 0 ? got : read_mapped(arg, address, p, n);
}

static ssize_t read_process(void *arg, uint64_t address, void *p, size_t n)
{
    return pread(*(int *)arg, p, n, (off_t)address);
}

static int write_file(void *arg, const void *p, size_t n)
{
    return io_write(*(int *)arg, p, n);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Where the notes end: the head is what comes before. first: at least the ELF header and the first
 * program header. */
static size_t head_end(const uint8_t *first)
{
    Elf64_Ehdr h;
    Elf64_Phdr notes;

    memcpy(&h, first, sizeof h);
    memcpy(&notes, first + sizeof h, sizeof notes);
    if (memcmp(first, ELFMAG, SELFMAG) != 0 || h.e_phoff != sizeof h || notes.p_type != PT_NOTE ||
        notes.p_offset + notes.p_filesz > HEAD_MAX) {
        fputs("slim-core: not a core of the kernel's\n", stderr);
        exit(1);
    }
    return notes.p_offset + notes.p_filesz;
}

/* Reads the head of the core from where fd stands. */
static uint8_t *read_head(int fd, size_t *ret_n)
{
    size_t begin = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    uint8_t *head = malloc(HEAD_MAX);

    if (!head || io_read(fd, head, begin) != (ssize_t)begin)
        die("head");
    *ret_n = head_end(head);
    if (io_read(fd, head + begin, *ret_n - begin) != (ssize_t)(*ret_n - begin))
        die("head");
    return head;
}

static void write_slim(const struct slim *s, const char *path)
{
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0 || slim_write(s, write_file, &fd) != 0 || fstat(fd, &st) < 0)
        die(path);
    if ((uint64_t)st.st_size != slim_size(s)) {
        fputs("slim-core: slim_size says another size\n", stderr);
        exit(1);
    }
}

/* Takes the slim core and says what it cost. */
static void make(const uint8_t *head, size_t n, const struct slim_source *source,
                 const struct slim_limits *limits, const char *path, FILE *said)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile core;
    struct slim *s;
    int64_t begun = clock_mono();

    if (corefile_open(bytes_of_memory(head, n), &a, &core) != 0)
        die("corefile_open");
    int64_t opened = clock_mono();

    if (slim_take(&core, head, n, source, limits, &s) != 0)
        die("slim_take");
    fprintf(said, "open %ld us, take %ld us, %zu threads, %zu segments, %lu bytes%s\n",
            (long)(opened - begun), (long)(clock_mono() - opened), core.n_threads, core.n_segments,
            (unsigned long)slim_size(s), slim_was_cut(s) ? ", cut" : "");
    fflush(said);
    write_slim(s, path);
    slim_free(s);
}

static int from_file(const char *full, const char *path, const char *total)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int fd = open(full, O_RDONLY | O_CLOEXEC);
    struct slim_limits limits = usual;
    struct corefile core;
    struct bytes b;
    size_t n;

    if (fd < 0 || bytes_of_file(fd, &b) != 0 || corefile_open(b, &a, &core) != 0)
        die(full);
    if (total)
        limits.total = strtoull(total, NULL, 10);
    _cleanup_free_ uint8_t *head = read_head(fd, &n);
    const struct slim_source source = {read_core, &core};

    make(head, n, &source, &limits, path, stdout);
    return 0;
}

/* Zeros become holes. */
static void copy_rest(int from, int to)
{
    static uint8_t buffer[1 << 16], zeros[1 << 16];
    ssize_t n;

    while ((n = io_read(from, buffer, sizeof buffer)) > 0) {
        if (memcmp(buffer, zeros, (size_t)n) == 0) {
            if (lseek(to, n, SEEK_CUR) < 0)
                die("full");
        } else if (io_write(to, buffer, (size_t)n) < 0) {
            die("full");
        }
    }
    if (ftruncate(to, lseek(to, 0, SEEK_CUR)) < 0)
        die("full");
}

static int from_pipe(const char *folder, const char *pid, bool full)
{
    char memory[64];
    size_t n;

    if (chdir(folder) < 0)
        die(folder);
    snprintf(memory, sizeof memory, "/proc/%s/mem", pid);
    _cleanup_fd_ int mem = open(memory, O_RDONLY | O_CLOEXEC);
    _cleanup_file_ FILE *said = fopen("time.new", "we");
    _cleanup_free_ uint8_t *head = read_head(STDIN_FILENO, &n);
    const struct slim_source source = {read_process, &mem};

    if (mem < 0 || !said)
        die(memory);
    make(head, n, &source, &usual, "slim", said);
    if (full) {
        _cleanup_fd_ int fd = open("full", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || io_write(fd, head, n) < 0)
            die("full");
        copy_rest(STDIN_FILENO, fd);
    }
    return rename("time.new", "time") < 0;
}

static int make_sidecar(const char *from, const char *to)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC);
    _cleanup_fd_ int out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct sidecar s;
    struct bytes b;

    if (in < 0 || out < 0 || bytes_of_file(in, &b) != 0)
        die(from);
    if (sidecar_plan(b, &a, &s) != 0 || sidecar_write_fd(&s, out) != 0)
        die(to);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--pipe") == 0)
        return from_pipe(argv[2], argv[3], true);
    if (argc == 4 && strcmp(argv[1], "--only") == 0)
        return from_pipe(argv[2], argv[3], false);
    if (argc == 4 && strcmp(argv[1], "--sidecar") == 0)
        return make_sidecar(argv[2], argv[3]);
    if (argc == 3 || argc == 4)
        return from_file(argv[1], argv[2], argv[3]);
    fputs("usage: slim-core FULL SLIM [TOTAL] | --pipe FOLDER PID | --only FOLDER PID | "
          "--sidecar FILE OUT\n",
          stderr);
    return 2;
}
