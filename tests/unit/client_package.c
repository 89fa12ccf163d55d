/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Which package an executable is of: by its own note, and by dpkg's files. */
#include "client/process/package.h"
#include "client/process/package_memo.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/process/package_note.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

static struct arena arena;
static struct crash_meta meta;

#define ck_assert_slice(s, text) ck_assert(str_eq((s), str_from(text)))

START_TEST(a_note)
{
    struct package_note n;

    ck_assert(package_note_parse(STR("{\"type\":\"deb\",\"name\":\"app\",\"version\":\"1.2-3\","
                                     "\"architecture\":\"amd64\",\"n\":3,\"e\":\"a\\\"b\"}"),
                                 &n));
    ck_assert_slice(n.name, "app");
    ck_assert_slice(n.version, "1.2-3");
    ck_assert_slice(n.architecture, "amd64");
    ck_assert(package_note_parse(STR(" { \"name\" : \"x\" } "), &n));
    ck_assert_slice(n.version, "");
}
END_TEST

START_TEST(notes_that_are_none)
{
    static const char *const texts[] = {
        "",         "{",           "{}",           "[]",         "{\"a\"}",       "x",
        "{\"a\":}", "{\"a\":\"b}", "{\"a\":\"b\"", "{\"a\":{}}", "{\"a\":\"b\",}"};
    struct package_note n;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(!package_note_parse(str_from(texts[i]), &n), "%s", texts[i]);
}
END_TEST

static size_t put_note(char *to, const char *name, uint32_t type, const char *text)
{
    Elf64_Nhdr h = {(uint32_t)strlen(name) + 1, (uint32_t)strlen(text) + 1, type};
    size_t at = sizeof(h);

    memcpy(to, &h, sizeof(h));
    strcpy(to + at, name);
    at += (h.n_namesz + 3) & ~3u;
    strcpy(to + at, text);
    return at + ((h.n_descsz + 3) & ~3u);
}

START_TEST(a_note_among_others)
{
    char notes[256] = {0};
    size_t n = put_note(notes, "GNU", 0xcafe1a7e, "{\"name\":\"no\"}");

    n += put_note(notes + n, "FDO", 1, "{}");
    n += put_note(notes + n, "FDO", 0xcafe1a7e, "{\"name\":\"yes\"}");
    ck_assert_slice(package_note_find((struct str){notes, n}), "{\"name\":\"yes\"}");
    ck_assert_slice(package_note_find((struct str){notes, n - 40}), "");
    memset(notes, 0xff, 16);
    ck_assert_slice(package_note_find((struct str){notes, n}), "");
}
END_TEST

static const char status_text[] =
    "Package: app\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: app-extra\nStatus: install ok installed\nArchitecture: all\nVersion: 2\n\n"
    "Package: app\nStatus: install ok installed\nArchitecture: i386\nVersion: 3\nConffiles:\n"
    " Package: x\n\n"
    "Package: app\nStatus: install ok installed\nArchitecture: amd64\nVersion: 4\n";

START_TEST(a_paragraph)
{
    struct package_status s;
    struct str text = str_from(status_text);

    ck_assert(package_status_find(text, STR("app"), STR("amd64"), &s));
    ck_assert_slice(s.version, "4");
    ck_assert(package_status_find(text, STR("app"), STR(""), &s));
    ck_assert_slice(s.version, "3");
    ck_assert(!package_status_find(text, STR("ap"), STR(""), &s));
    ck_assert(!package_status_find(STR(""), STR("app"), STR(""), &s));
}
END_TEST

static void put(int dir, const char *name, const char *text)
{
    ck_assert_int_eq(io_replace(dir, name, text, strlen(text), 0644), 0);
}

START_TEST(a_database)
{
    char folder[] = "/tmp/corral-unit.XXXXXX";
    _cleanup_fd_ int dir = -1;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(mkdirat(dir, "info", 0755), 0);
    put(dir, "status", status_text);
    put(dir, "info/app:amd64.list", "/.\n/usr\n/usr/bin/app\n/bin/merged");
    put(dir, "info/app-extra.list", "/usr/bin/app2\n");
    meta_init(&meta);
    meta.executable = "/usr/bin/app";
    package_read(folder, -1, &arena, &meta);
    ck_assert_str_eq(meta.package, "app");
    ck_assert_str_eq(meta.package_version, "4");
    ck_assert_str_eq(meta.version, "4");
    ck_assert_str_eq(meta.package_source, "dpkg");
    meta_init(&meta);
    meta.executable = "/usr/bin/merged";
    package_read(folder, -1, &arena, &meta);
    ck_assert_str_eq(meta.package, "app");
    meta_init(&meta);
    meta.executable = "/usr/bin/ap";
    package_read(folder, -1, &arena, &meta);
    ck_assert_ptr_null(meta.package);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}
END_TEST

START_TEST(a_memo)
{
    const struct str text = STR("state 1\napp.list /usr/bin/app\n /opt/a b\n");
    _cleanup_buf_ struct buf b = BUF_INIT(PACKAGE_MEMO_MAX);

    ck_assert(
        str_eq(package_memo_look(text, STR("state 1"), STR("/usr/bin/app")), STR("app.list")));
    ck_assert_ptr_nonnull(package_memo_look(text, STR("state 1"), STR("/opt/a b")).p);
    ck_assert_uint_eq(package_memo_look(text, STR("state 1"), STR("/opt/a b")).n, 0);
    ck_assert_ptr_null(package_memo_look(text, STR("state 1"), STR("/usr/bin/ap")).p);
    ck_assert_ptr_null(package_memo_look(text, STR("state 2"), STR("/usr/bin/app")).p);
    package_memo_append(text, STR("state 1"), STR("/bin/new"), STR("new.list"), &b);
    ck_assert_str_eq(buf_text(&b),
                     "state 1\napp.list /usr/bin/app\n /opt/a b\nnew.list /bin/new\n");
    buf_clear(&b);
    package_memo_append(text, STR("state 2"), STR("/bin/new"), STR(""), &b);
    ck_assert_str_eq(buf_text(&b), "state 2\n /bin/new\n");
    buf_clear(&b);
    package_memo_append(text, STR("state 1"), STR("/bin/a\nb"), STR(""), &b);
    ck_assert_uint_eq(b.len, 0);
}
END_TEST

/* The second search finds what the first one did, until dpkg changes its lists. */
START_TEST(a_remembered_search)
{
    char folder[] = "/tmp/corral-unit.XXXXXX";
    _cleanup_fd_ int dir = -1;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(mkdirat(dir, "info", 0755), 0);
    ck_assert_int_eq(mkdirat(dir, "spool", 0755), 0);
    put(dir, "status", status_text);
    put(dir, "info/app:amd64.list", "/usr/bin/app\n");
    _cleanup_fd_ int spool = openat(dir, "spool", O_RDONLY | O_DIRECTORY);
    for (int round = 0; round < 2; round++) {
        meta_init(&meta);
        meta.executable = "/usr/bin/app";
        package_read(folder, spool, &arena, &meta);
        ck_assert_str_eq(meta.package, "app");
        /* Its text changes, the folder does not: only the memo still knows. */
        _cleanup_fd_ int list = openat(dir, "info/app:amd64.list", O_WRONLY | O_TRUNC);
        ck_assert_int_ge(list, 0);
    }
    put(dir, "info/other.list", "/usr/bin/other\n");
    meta_init(&meta);
    meta.executable = "/usr/bin/app";
    package_read(folder, spool, &arena, &meta);
    ck_assert_ptr_null(meta.package);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}
END_TEST

UNIT_MAIN("client/package", a_note, notes_that_are_none, a_note_among_others, a_paragraph,
          a_database, a_memo, a_remembered_search)
