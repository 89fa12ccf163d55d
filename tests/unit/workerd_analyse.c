/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/analysis workerd/grouping */
/* Whole analyses of cores made by hand. The crashed program is this test itself: at a function's
 * first instruction the return address is the word at the stack pointer, so a stack of "function +
 * 1" words is a call chain that unwinds exactly. */
#include "workerd/analysis/analyse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/limits.h"
#include "tests/lib/unit.h"
#include "tests/unit/core_image.h"

#define BASE  0x555500000000u /* where this program lies in the cores */
#define SIZE  0x1000000u
#define STACK 0x7ffd00000000u

extern const char __ehdr_start[]; /* the linker's: this program's first byte */

/* Three functions to stand in. */
int innermost(int n);
int middle(int n);
int outermost(int n);

__attribute__((noipa)) int innermost(int n)
{
    return n + 1;
}

__attribute__((noipa)) int middle(int n)
{
    return innermost(n) + 2;
}

__attribute__((noipa)) int outermost(int n)
{
    return middle(n) + 3;
}

static uint64_t address_of(int (*function)(int))
{
    return (uint64_t)function - (uint64_t)__ehdr_start + BASE;
}

struct fixture {
    struct image image;
    struct image_thread thread;
    struct image_file file;
    struct image_memory memory[2];
    char path[4096]; /* of this program */
    struct buf core;
    struct arena arena;
    struct analysis an;
};

/* One thread of this program in innermost, called with the given words on its stack. */
static void fixture_init(struct fixture *f, const uint64_t *stack, size_t n)
{
    *f = (struct fixture){
        .thread = {100, 11, address_of(innermost), STACK},
        .file = {BASE, BASE + SIZE, 0, f->path},
        .memory = {{BASE, SIZE, NULL, 0, PF_R | PF_X},
                   {STACK, n * 8, (const char *)stack, n * 8, PF_R | PF_W}},
    };
    ssize_t length = readlink("/proc/self/exe", f->path, sizeof f->path - 1);

    ck_assert_int_gt(length, 0);
    f->image = (struct image){.threads = &f->thread,
                              .n_threads = 1,
                              .files = &f->file,
                              .n_files = 1,
                              .memory = f->memory,
                              .n_memory = 2,
                              .signal = 11,
                              .code = 1,
                              .entry = BASE + 0x100};
    buf_init(&f->core, 256u << 20);
    arena_init(&f->arena, 0);
}

static void fixture_fini(struct fixture *f)
{
    buf_fini(&f->core);
    arena_fini(&f->arena);
}

#define _fixture_ _cleanup_(fixture_fini)

/* Analyses bytes as a core; NULL sources are this machine's files. */
static void analyse_bytes(struct fixture *f, const void *p, size_t n,
                          const struct module_sources *sources)
{
    _cleanup_fd_ int fd = memfd_create("test", MFD_CLOEXEC);
    struct analyse_input in = {.core_fd = fd, .scratch_fd = -1};

    in.sources = sources ? *sources : (struct module_sources){.local = true, .sysroot = "/"};
    ck_assert_int_eq(io_write(fd, p, n), 0);
    ck_assert_int_eq(analyse(&in, &f->arena, &f->an), 0);
}

static void analyse_image(struct fixture *f)
{
    buf_clear(&f->core);
    image_build(&f->image, &f->core);
    ck_assert_int_eq(buf_error(&f->core), 0);
    analyse_bytes(f, f->core.data, f->core.len, NULL);
}

static void assert_function(const struct analysis *an, size_t frame, const char *name)
{
    ck_assert_uint_ge(an->n_threads, 1);
    ck_assert_msg(frame < an->threads[0].n_frames, "only %zu frames, stopped: %s",
                  an->threads[0].n_frames, an->threads[0].stopped);
    ck_assert_pstr_eq(an->threads[0].frames[frame].function, name);
}

START_TEST(names_files_lines_and_trust)
{
    const uint64_t stack[] = {address_of(middle) + 1, address_of(outermost) + 1, 0};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    analyse_image(&f);
    const struct thread *t = f.an.threads;

    ck_assert_uint_eq(f.an.n_threads, 1);
    ck_assert_uint_eq(t->n_frames, 3);
    assert_function(&f.an, 0, "innermost");
    assert_function(&f.an, 1, "middle");
    assert_function(&f.an, 2, "outermost");
    for (size_t i = 0; i < 3; i++) {
        ck_assert(strstr(t->frames[i].file, "/tests/unit/workerd_analyse.c"));
        ck_assert(t->frames[i].file[0] == '/' && t->frames[i].line > 0);
        ck_assert_int_eq(t->frames[i].trust, i == 0 ? TRUST_CONTEXT : TRUST_CFI);
        ck_assert_uint_eq(t->frames[i].offset, t->frames[i].pc - BASE);
    }
    ck_assert(t->frames[0].line < t->frames[1].line && t->frames[1].line < t->frames[2].line);
    ck_assert_ptr_null(t->stopped);
    ck_assert_ptr_null(f.an.problem);
    ck_assert_int_eq(t->tid, 100);
    ck_assert(t->crashed);
    ck_assert_uint_eq(f.an.n_modules, 1);
    ck_assert_int_eq(f.an.modules[0].status, MODULE_DEBUG);
    ck_assert_str_eq(f.an.executable, f.path);
    ck_assert_str_eq(t->registers[16].name, "rip");
    ck_assert_uint_eq(t->registers[16].value, address_of(innermost));
}
END_TEST

START_TEST(a_call_to_nowhere_has_a_caller)
{
    const uint64_t stack[] = {address_of(middle) + 1, address_of(outermost) + 1, 0};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    f.thread.pc = 0;
    analyse_image(&f);
    ck_assert_uint_eq(f.an.threads[0].n_frames, 3);
    assert_function(&f.an, 0, NULL);
    assert_function(&f.an, 1, "middle");
    assert_function(&f.an, 2, "outermost");
}
END_TEST

START_TEST(a_deep_stack_keeps_head_and_tail)
{
    enum { DEPTH = 200000 };
    _cleanup_free_ uint64_t *stack = calloc(DEPTH, sizeof *stack);
    _fixture_ struct fixture f;

    for (size_t i = 0; i < DEPTH - 2; i++)
        stack[i] = address_of(middle) + 1;
    stack[DEPTH - 2] = address_of(outermost) + 1;
    fixture_init(&f, stack, DEPTH);
    int64_t begin = clock_mono();

    analyse_image(&f);
    const struct thread *t = f.an.threads;

    ck_assert_uint_eq(t->n_frames, ANALYSIS_FRAMES_MAX);
    ck_assert_uint_eq(t->n_frames + t->frames_left_out, DEPTH);
    assert_function(&f.an, 0, "innermost");
    assert_function(&f.an, t->gap_after, "middle");
    assert_function(&f.an, t->gap_after + 1, "middle");
    assert_function(&f.an, t->n_frames - 2, "middle");
    assert_function(&f.an, t->n_frames - 1, "outermost");
    ck_assert_ptr_null(t->stopped);
    ck_assert_int_lt(clock_mono() - begin,
                     10 * USEC_PER_SEC); /* libdwfl's own reader takes minutes */
}
END_TEST

START_TEST(missing_memory_is_named)
{
    const uint64_t stack[] = {address_of(middle) + 1, address_of(outermost) + 1};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    analyse_image(&f);
    ck_assert_uint_eq(f.an.threads[0].n_frames, 3);
    ck_assert(strstr(f.an.problem, "lacks the stack's memory at 0x7ffd00000010"));
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    const uint64_t stack[] = {address_of(middle) + 1, 0};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    f.file.path = "/nonexistent/program";
    analyse_image(&f);
    ck_assert_uint_eq(f.an.threads[0].n_frames, 1);
    ck_assert_pstr_eq(f.an.threads[0].frames[0].function, NULL);
    ck_assert_str_eq(f.an.threads[0].frames[0].module, "/nonexistent/program");
    ck_assert(strstr(f.an.problem, "/nonexistent/program"));
    ck_assert_int_eq(f.an.modules[0].status, MODULE_MISSING);
}
END_TEST

START_TEST(a_fifo_as_a_module_is_not_opened)
{
    const uint64_t stack[] = {address_of(middle) + 1, 0};
    char folder[] = "/tmp/corral-test-XXXXXX", path[64];
    _fixture_ struct fixture f;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    fixture_init(&f, stack, ARRAY_SIZE(stack));
    f.file.path = path;
    analyse_image(&f); /* an open(2) of it would wait for ever */
    ck_assert_uint_eq(f.an.threads[0].n_frames, 1);
    ck_assert_int_eq(f.an.modules[0].status, MODULE_MISSING);
    ck_assert_int_eq(unlink(path) | rmdir(folder), 0);
}
END_TEST

START_TEST(behind_a_sandbox_no_path_is_opened)
{
    const uint64_t stack[] = {address_of(middle) + 1, 0};
    const struct module_sources none = {0};
    _fixture_ struct fixture f;

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    image_build(&f.image, &f.core);
    analyse_bytes(&f, f.core.data, f.core.len, &none);
    ck_assert_int_eq(f.an.modules[0].status, MODULE_MISSING);
}
END_TEST

/* Every length of a compressed and of a plain core: always an answer. */
START_TEST(cut_anywhere)
{
    const uint64_t stack[] = {address_of(middle) + 1, address_of(outermost) + 1, 0};
    _fixture_ struct fixture f;
    char packed[16384];

    fixture_init(&f, stack, ARRAY_SIZE(stack));
    analyse_image(&f);
    for (size_t n = 0; n < f.core.len; n += 97) {
        analyse_bytes(&f, f.core.data, n, NULL);
        ck_assert_msg(f.an.problem || f.an.threads[0].n_frames == 3, "at %zu", n);
    }
    size_t size = ZSTD_compress(packed, sizeof packed, f.core.data, f.core.len, 3);

    ck_assert(!ZSTD_isError(size));
    for (size_t n = 4; n < size; n += 7) {
        analyse_bytes(&f, packed, n, NULL);
        ck_assert_msg(f.an.core_truncated, "at %zu", n);
    }
    analyse_bytes(&f, packed, size, NULL);
    ck_assert(!f.an.core_truncated);
    ck_assert_uint_eq(f.an.core_bytes, f.core.len);
    assert_function(&f.an, 2, "outermost");
}
END_TEST

START_TEST(what_is_no_core_says_so)
{
    static const struct {
        const char *bytes, *problem;
    } cases[] = {
        {"", "not an ELF"}, {"#!/bin/sh", "not an ELF"}, {"\x28\xb5\x2f\xfdxx", "not an ELF"}};
    _fixture_ struct fixture f;
    _cleanup_buf_ struct buf self;

    fixture_init(&f, NULL, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        analyse_bytes(&f, cases[i].bytes, strlen(cases[i].bytes), NULL);
        ck_assert_msg(strstr(f.an.problem, cases[i].problem), "%s", f.an.problem);
    }
    buf_init(&self, 64u << 20);
    ck_assert_int_eq(io_read_file(AT_FDCWD, "/proc/self/exe", &self), 0);
    analyse_bytes(&f, self.data, self.len, NULL);
    ck_assert(strstr(f.an.problem, "not a core"));
    f.image.n_threads = 0;
    analyse_image(&f);
    ck_assert(strstr(f.an.problem, "no threads"));
}
END_TEST

START_TEST(many_threads_share_a_budget_of_frames)
{
    enum { THREADS = 5000, DEPTH = 64 };
    _cleanup_free_ struct image_thread *threads = calloc(THREADS, sizeof *threads);
    uint64_t stack[DEPTH + 1] = {0};
    _fixture_ struct fixture f;
    size_t frames = 0;

    for (size_t i = 0; i < DEPTH; i++)
        stack[i] = address_of(middle) + 1;
    fixture_init(&f, stack, ARRAY_SIZE(stack));
    for (int i = 0; i < THREADS; i++)
        threads[i] = (struct image_thread){
            .tid = i, .pc = address_of(innermost), .sp = STACK}; /* also id 0 */
    f.image.threads = threads;
    f.image.n_threads = THREADS;
    analyse_image(&f);
    ck_assert_uint_eq(f.an.n_threads, ANALYSIS_THREADS_MAX);
    ck_assert_uint_eq(f.an.threads_left_out, THREADS - ANALYSIS_THREADS_MAX);
    for (size_t i = 0; i < f.an.n_threads; i++) {
        frames += f.an.threads[i].n_frames;
        ck_assert_uint_eq(f.an.threads[i].n_frames + f.an.threads[i].frames_left_out, DEPTH + 1);
    }
    ck_assert_uint_le(frames, 32768);
    ck_assert_uint_eq(f.an.threads[0].n_frames, DEPTH + 1);
}
END_TEST

/* --- Hostile modules --- */

/* A file of tests/corpus/hostile as a shared library: with a program header that maps all of it. */
static void make_loadable(struct buf *b)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)b->data;
    const Elf64_Phdr p = {.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_X,
                          .p_filesz = SIZE,
                          .p_memsz = SIZE,
                          .p_align = 4096};

    h->e_type = ET_DYN;
    h->e_phoff = b->len;
    h->e_phnum = 1;
    h->e_phentsize = sizeof p;
    buf_add(b, &p, sizeof p);
}

static void limit(int resource, rlim_t value)
{
    setrlimit(resource, &(struct rlimit){value, value});
}

/* In a child with the limits of a sandbox; returns its wait status. */
static int analyse_limited(struct fixture *f, const char *module)
{
    const struct module_sources sources = {.local = true, .executable = module};
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
#ifndef __SANITIZE_ADDRESS__
        limit(RLIMIT_AS, 512u << 20);
#endif
        limit(RLIMIT_CPU, 10);
        limit(RLIMIT_CORE, 0);
        analyse_bytes(f, f->core.data, f->core.len, &sources);
        _exit(f->an.n_threads == 1 && f->an.threads[0].n_frames > 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static void try_hostile(const char *name, bool loadable)
{
    static const uint64_t addresses[] = {0, 0x40, 0x1000, 0x2000, 0x2008, 0x3000};
    const uint64_t stack[] = {BASE + 0x2001, BASE + 0x41, 0};
    char path[256], module[] = "/tmp/corral-test-XXXXXX";
    _cleanup_buf_ struct buf file;
    _cleanup_fd_ int fd = mkstemp(module);

    snprintf(path, sizeof path, "tests/corpus/hostile/%s", name);
    buf_init(&file, 1u << 20);
    ck_assert_int_eq(io_read_file(AT_FDCWD, path, &file), 0);
    if (loadable)
        make_loadable(&file);
    ck_assert_int_eq(io_write(fd, file.data, file.len), 0);
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        _fixture_ struct fixture f;

        fixture_init(&f, stack, ARRAY_SIZE(stack));
        f.file.path = "/hostile";
        f.thread.pc = BASE + addresses[i];
        image_build(&f.image, &f.core);
        int status = analyse_limited(&f, module);

        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s at 0x%x: status 0x%x",
                      name, (unsigned)addresses[i], (unsigned)status);
    }
    unlink(module);
}

START_TEST(hostile_modules_end_within_limits)
{
    static const char *const names[] = {"cfi-register-bomb.elf", "dwarf-timeout-1.elf",
                                        "dwarf-timeout-2.elf", "dwarf-timeout-3.elf"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        try_hostile(names[i], false);
#ifndef __SANITIZE_ADDRESS__ /* it needs more memory than RLIMIT_AS leaves */
        try_hostile(names[i], true);
#endif
    }
}
END_TEST

UNIT_MAIN("workerd/analyse", names_files_lines_and_trust, a_call_to_nowhere_has_a_caller,
          a_deep_stack_keeps_head_and_tail, missing_memory_is_named, a_missing_file_is_named,
          a_fifo_as_a_module_is_not_opened, behind_a_sandbox_no_path_is_opened, cut_anywhere,
          what_is_no_core_says_so, many_threads_share_a_budget_of_frames,
          hostile_modules_end_within_limits)
