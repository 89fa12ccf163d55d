/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/core_part.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define CORE_BYTES (1024 * 1024)
#define NO_LIMIT   UINT64_MAX

static char folder[64];
static int folder_fd;

static void begin(void)
{
    strcpy(folder, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(folder_fd, 0);
}

static void end(void)
{
    close(folder_fd);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}

/* Starts like a core and goes on with bytes that do not compress. */
static uint8_t *make_core(void)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    uint8_t *core = malloc(CORE_BYTES);

    ck_assert_ptr_nonnull(core);
    random_bytes(core, CORE_BYTES);
    memcpy(core, &header, sizeof(header));
    return core;
}

static uint8_t *compress(const void *p, size_t n, int level, size_t *ret_n)
{
    size_t bound = ZSTD_compressBound(n);
    uint8_t *out = malloc(bound);

    ck_assert_ptr_nonnull(out);
    *ret_n = ZSTD_compress(out, bound, p, n, level);
    ck_assert(!ZSTD_isError(*ret_n));
    return out;
}

/* In pieces of that many bytes, as the wire might bring it. The outcome of the first call that has
 * one. */
static int feed(const void *p, size_t n, size_t piece, uint64_t max, struct core_summary *ret)
{
    struct core_part *c;
    int r;

    ck_assert_int_eq(core_part_new(folder_fd, max, &c), 0);
    r = 0;
    for (size_t at = 0; at < n && r == 0; at += piece)
        r = core_part_add(c, (const uint8_t *)p + at, n - at < piece ? n - at : piece);
    if (r == 0)
        r = core_part_finish(c, ret);
    core_part_free(c);
    if (r)
        ck_assert_int_eq(unlinkat(folder_fd, "core.zst", 0), 0);
    return r;
}

/* core.zst holds a zstd stream of exactly these bytes. */
static void check_stored(const struct core_summary *s, const void *p, size_t n)
{
    _cleanup_buf_ struct buf file;
    uint8_t *plain = malloc(n + 1);
    size_t got;

    buf_init(&file, 4 * CORE_BYTES);
    ck_assert_int_eq(io_read_file(folder_fd, "core.zst", &file), 0);
    ck_assert_uint_eq(file.len, s->stored);
    got = ZSTD_decompress(plain, n + 1, file.data, file.len);
    ck_assert_msg(!ZSTD_isError(got), "%s", ZSTD_getErrorName(got));
    ck_assert_uint_eq(got, n);
    ck_assert_mem_eq(plain, p, n);
    free(plain);
    ck_assert_int_eq(unlinkat(folder_fd, "core.zst", 0), 0);
}

static void check_summary(const struct core_summary *s, const void *p, size_t n,
                          enum core_encoding encoding)
{
    char digest[SHA256_TEXT_SIZE];

    sha256_text(p, n, digest);
    ck_assert_str_eq(s->sha256, digest);
    ck_assert_uint_eq(s->received, n);
    ck_assert_int_eq(s->encoding, encoding);
}

static const size_t pieces[] = {1, 3, 4, 5, 63, 64, 65, 4096, 65536, CORE_BYTES};

START_TEST(identity_is_stored_compressed)
{
    uint8_t *core = make_core();
    struct core_summary s;

    begin();
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        size_t n = pieces[i] < 64 ? 5000 : CORE_BYTES;

        ck_assert_int_eq(feed(core, n, pieces[i], NO_LIMIT, &s), 0);
        check_summary(&s, core, n, CORE_IDENTITY);
        check_stored(&s, core, n);
    }
    end();
    free(core);
}
END_TEST

START_TEST(zstd_is_stored_as_it_came)
{
    uint8_t *core = make_core(), *packed;
    struct core_summary s;
    size_t n;

    begin();
    packed = compress(core, CORE_BYTES, 3, &n);
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        ck_assert_int_eq(feed(packed, n, pieces[i], NO_LIMIT, &s), 0);
        check_summary(&s, packed, n, CORE_ZSTD);
        ck_assert_uint_eq(s.stored, n);
        check_stored(&s, core, CORE_BYTES);
    }
    end();
    free(packed);
    free(core);
}
END_TEST

START_TEST(cut_zstd_is_taken)
{
    uint8_t *core = make_core(), *packed;
    struct core_summary s;
    size_t n;

    begin();
    packed = compress(core, CORE_BYTES, 3, &n);
    ck_assert_int_eq(feed(packed, n / 2, 4096, NO_LIMIT, &s), 0);
    ck_assert_uint_eq(s.stored, n / 2);
    ck_assert_int_eq(unlinkat(folder_fd, "core.zst", 0), 0);
    ck_assert_int_eq(feed(packed, 20, 4096, NO_LIMIT, &s),
                     CORE_PART_NOT_A_CORE); /* not even its head came */
    end();
    free(packed);
    free(core);
}
END_TEST

START_TEST(no_core)
{
    static const char text[1000] = "#!/bin/sh\necho no core\n";
    uint8_t *core = make_core(), *packed;
    struct core_summary s, before;
    size_t n;

    memset(&s, 'x', sizeof(s));
    before = s;
    begin();
    ck_assert_int_eq(feed("", 0, 1, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    ck_assert_int_eq(feed("\177EL", 3, 1, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    ck_assert_int_eq(feed("\177ELF", 4, 4, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    ck_assert_int_eq(feed(core, 63, 63, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    ck_assert_int_eq(feed(text, sizeof(text), 100, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    packed = compress(text, sizeof(text), 3, &n);
    ck_assert_int_eq(feed(packed, n, 100, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    free(packed);
    core[offsetof(Elf64_Ehdr, e_type)] = ET_DYN;
    ck_assert_int_eq(feed(core, CORE_BYTES, 4096, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    packed = compress(core, CORE_BYTES, 3, &n);
    ck_assert_int_eq(feed(packed, n, 4096, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    free(packed);
    ck_assert_mem_eq(&s, &before, sizeof(s));
    end();
    free(core);
}
END_TEST

/* Skippable frames (RFC 8878 section 3.1.2) give no byte out however long they are: somewhere there
 * is an end to patience. */
START_TEST(endless_preface)
{
    static uint8_t frame[2 * CORE_BYTES] = {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0x7f};
    struct core_summary s;

    begin();
    ck_assert_int_eq(feed(frame, sizeof(frame), 65536, NO_LIMIT, &s), CORE_PART_NOT_A_CORE);
    end();
}
END_TEST

START_TEST(limit)
{
    uint8_t *core = make_core();
    struct core_summary s;

    begin();
    ck_assert_int_eq(feed(core, 5000, 1000, 5000, &s), 0);
    ck_assert_int_eq(unlinkat(folder_fd, "core.zst", 0), 0);
    ck_assert_int_eq(feed(core, 5001, 1000, 5000, &s), CORE_PART_TOO_LARGE);
    ck_assert_int_eq(feed(core, 5001, 5001, 5000, &s), CORE_PART_TOO_LARGE);
    end();
    free(core);
}
END_TEST

UNIT_MAIN("ingestd/core_part", identity_is_stored_compressed, zstd_is_stored_as_it_came,
          cut_zstd_is_taken, no_core, endless_preface, limit)
