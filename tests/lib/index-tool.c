/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the index of a module and looks into it:
 *
 *     index-tool build OUT MODULE [DEBUG [SHARED]]     how long it took, and what each section
 * takes index-tool show INDEX ADDRESS...                 rule, symbol, functions and line of each
 *
 * DEBUG may be "-" for none. Addresses are the file's, in hexadecimal. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "workerd/index/index.h"
#include "workerd/index/writer.h"
#include "workerd/indexer/indexer.h"

#define MEMORY_MAX (4ull << 30)

static const char *const section_names[INDEX_SECTIONS] = {
    [INDEX_SEGMENTS] = "segments",     [INDEX_CFI_ROWS] = "cfi rows",
    [INDEX_CFI_RULES] = "cfi rules",   [INDEX_SYMBOLS] = "symbols",
    [INDEX_SCOPES] = "scopes",         [INDEX_SCOPE_BLOCKS] = "scope blocks",
    [INDEX_SCOPE_ROWS] = "scope rows", [INDEX_LINE_BLOCKS] = "line blocks",
    [INDEX_LINE_ROWS] = "line rows",   [INDEX_FILES] = "files",
    [INDEX_CALLS] = "calls",           [INDEX_JUMPS] = "jumps",
    [INDEX_ENTRIES] = "entries",       [INDEX_VARIABLES] = "variables",
    [INDEX_STRINGS] = "strings",
};

static const struct {
    uint32_t flag;
    const char *name;
} flag_names[] = {
    {INDEX_HAS_CFI, "cfi"},     {INDEX_HAS_SYMBOLS, "symbols"},       {INDEX_HAS_DEBUG, "debug"},
    {INDEX_SIDECAR, "sidecar"}, {INDEX_LACKS_SHARED, "lacks-shared"},
};

static bool map_file(const char *path, struct indexer_file *ret)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        fprintf(stderr, "%s: %s\n", path, fd < 0 ? strerror(errno) : "empty");
        return false;
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (data == MAP_FAILED)
        return false;
    *ret = (struct indexer_file){
        .data = data,
        .size = (size_t)st.st_size,
        .source = {.size = (uint64_t)st.st_size, .mtime_sec = st.st_mtim.tv_sec},
    };
    return true;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what, int r)
{
    fprintf(stderr, "%s: %s\n", what, r < 0 ? strerror(-r) : indexer_outcome_text(r));
    return EXIT_FAILURE;
}

static void print_sections(const struct index *x)
{
    for (size_t i = 0; i < INDEX_SECTIONS; i++)
        printf("%-14s %10" PRIu64 "\n", section_names[i], x->header->sections[i].size);
    printf("flags         ");
    for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
        if (x->header->flags & flag_names[i].flag)
            printf(" %s", flag_names[i].name);
    printf("\n");
    if (index_text(x, x->header->debug_problem))
        printf("problem        %s\n", index_text(x, x->header->debug_problem));
    if (index_text(x, x->header->shared_id))
        printf("shared         %s\n", index_text(x, x->header->shared_id));
}

static int build(int argc, char **argv)
{
    struct indexer_input in = {.memory_max = MEMORY_MAX};
    struct indexer_file *files[] = {&in.module, &in.debuginfo, &in.shared};
    _cleanup_buf_ struct buf out = BUF_INIT(INDEX_SIZE_MAX);
    struct rusage usage;
    struct index x;

    for (int i = 1; i < argc && i <= 3; i++)
        if (strcmp(argv[i], "-") != 0 && !map_file(argv[i], files[i - 1]))
            return EXIT_FAILURE;
    double begin = seconds();
    int r = indexer_build(&in, &out);
    double end = seconds();

    if (r != 0)
        return fail(argv[1], r);
    getrusage(RUSAGE_SELF, &usage);
    printf("%.4f s, %zu bytes, %ld KiB resident\n", end - begin, out.len, usage.ru_maxrss);
    r = index_open(out.data, out.len, &x);
    if (r != 0 || index_verify(&x) != 0)
        return fail("the index is not one", INDEXER_MALFORMED);
    print_sections(&x);
    _cleanup_fd_ int fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    r = fd < 0 ? -errno : io_write(fd, out.data, out.len);
    return r < 0 ? fail(argv[0], r) : EXIT_SUCCESS;
}

/* --- Looking --- */

static const char *text(const char *s)
{
    return s ? s : "?";
}

static void print_register(const struct cfi_register *g)
{
    static const char *const kinds[] = {
        [CFI_SAME] = "same",           [CFI_UNDEFINED] = "undefined", [CFI_OFFSET] = "at cfa",
        [CFI_VAL_OFFSET] = "is cfa",   [CFI_REGISTER] = "in r",       [CFI_EXPRESSION] = "at expr",
        [CFI_VAL_EXPRESSION] = "expr",
    };

    printf(" r%u=[%s", g->number, g->kind < ARRAY_SIZE(kinds) ? kinds[g->kind] : "?");
    if (g->kind == CFI_OFFSET || g->kind == CFI_VAL_OFFSET || g->kind == CFI_REGISTER)
        printf("%+" PRId64, g->value);
    printf("]");
}

static void print_rule(const struct index *x, uint32_t address)
{
    struct cfi_rule rule;

    if (!index_rule(x, address, &rule)) {
        printf("  no rule\n");
        return;
    }
    printf("  rule:%s%s ra=r%u", rule.signal ? " signal" : "", rule.signed_return ? " signed" : "",
           rule.return_column);
    if (rule.cfa_is_expression)
        printf(" cfa=expr(%zu)", rule.cfa_expression.size);
    else
        printf(" cfa=r%u%+" PRId64, rule.cfa_register, rule.cfa_offset);
    for (size_t i = 0; i < rule.n; i++)
        print_register(&rule.registers[i]);
    printf("\n");
}

static void print_names(const struct index *x, uint32_t address)
{
    struct index_function functions[INDEX_CHAIN_MAX];
    struct index_symbol symbol;
    struct index_line line;
    size_t n = index_functions(x, address, functions);

    if (index_symbol(x, address, &symbol))
        printf("  symbol: %s+0x%x\n", symbol.name, address - symbol.start);
    for (size_t i = 0; i < n; i++) {
        const struct index_function *f = &functions[i];

        printf("  %s: %s", f->inlined ? "inlined" : "function", text(f->name));
        if (f->inlined)
            printf(" called at %s/%s:%u:%u", text(f->call_folder), text(f->call_file), f->call_line,
                   f->call_column);
        printf("\n");
    }
    if (index_line(x, address, &line))
        printf("  line: %s/%s:%u:%u\n", text(line.folder), text(line.file), line.line, line.column);
}

static int show(int argc, char **argv)
{
    struct indexer_file file;
    struct index x;

    if (!map_file(argv[0], &file))
        return EXIT_FAILURE;
    if (index_open(file.data, file.size, &x) != 0)
        return fail(argv[0], INDEXER_MALFORMED);
    if (argc == 1)
        print_sections(&x);
    for (int i = 1; i < argc; i++) {
        uint64_t address = strtoull(argv[i], NULL, 16);

        printf("%" PRIx64 "\n", address);
        print_rule(&x, (uint32_t)(address - x.header->base));
        print_names(&x, (uint32_t)(address - x.header->base));
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "build") == 0)
        return build(argc - 2, argv + 2);
    if (argc >= 3 && strcmp(argv[1], "show") == 0)
        return show(argc - 2, argv + 2);
    fprintf(stderr, "usage: %s build OUT MODULE [DEBUG [SHARED]] | show INDEX [ADDRESS...]\n",
            argv[0]);
    return 2;
}
