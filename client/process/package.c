/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/package.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "client/process/package_memo.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"

#define LISTS_MAX  20000                /* installed packages */
#define BYTES_MAX  (512u * 1024 * 1024) /* of all lists and status */
#define FILE_MAX   (128u * 1024 * 1024) /* status */
#define LIST_MAX   (4u * 1024 * 1024)   /* one list */
#define FIELD_MAX  255
#define PATH_BYTES 4096

/* --- Files --- */

struct mapping {
    struct str text;
};

static void mapping_fini(struct mapping *m)
{
    if (m->text.n > 0)
        munmap((void *)(uintptr_t)m->text.p, m->text.n);
}

#define _cleanup_mapping_ _cleanup_(mapping_fini)

static int map_file(int dir, const char *name, struct mapping *ret)
{
    _cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    void *p;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)FILE_MAX)
        return -EFBIG;
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    ret->text = (struct str){p, (size_t)st.st_size};
    return 0;
}

/* --- Lists --- */

/* The path, or its other name, as a whole line: the other one is the end of the path, so both are
 * found at once. */
static bool lists(struct str text, struct str path, struct str other)
{
    const char *end = text.p + text.n, *at = text.p;

    while (at < end && (at = memmem(at, (size_t)(end - at), other.p, other.n))) {
        const char *behind = at + other.n, *full = behind - path.n;

        if (behind == end || *behind == '\n') {
            if (at == text.p || at[-1] == '\n')
                return true;
            if (full >= text.p && memcmp(full, path.p, path.n) == 0 &&
                (full == text.p || full[-1] == '\n'))
                return true;
        }
        at = behind;
    }
    return false;
}

/* "NAME.list" or "NAME:ARCHITECTURE.list"; names are of letters, digits and "+-.". */
static bool owner_of(const char *file, struct str *ret_name, struct str *ret_architecture)
{
    struct str s = str_from(file);

    if (!str_ends(s, STR(".list")))
        return false;
    s.n -= strlen(".list");
    str_split(&s, ':', ret_name);
    *ret_architecture = s.p ? s : (struct str){"", 0};
    return ret_name->n > 0 && ret_name->n <= FIELD_MAX;
}

/* Where /bin and /lib are links to folders of /usr, packages may list the one or the other. */
static struct str unmerged(struct str path)
{
    if (str_starts(path, STR("/usr/")))
        return (struct str){path.p + strlen("/usr"), path.n - strlen("/usr")};
    return path;
}

/* Copies the name of the list that has the path. */
static bool find_list(int info, struct str path, struct arena *a, const char **ret)
{
    _cleanup_buf_ struct buf list = BUF_INIT(LIST_MAX);
    int fd = fcntl(info, F_DUPFD_CLOEXEC, 3);
    _cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct str other = unmerged(path), name, architecture;
    size_t n = 0, bytes = 0;
    struct dirent *entry;

    while (dir && n < LISTS_MAX && bytes < BYTES_MAX && (entry = readdir(dir))) {
        buf_clear(&list);
        if (!owner_of(entry->d_name, &name, &architecture) ||
            io_read_file(info, entry->d_name, &list) < 0 || list.len == 0)
            continue;
        n++;
        bytes += list.len;
        if (lists((struct str){list.data, list.len}, path, other)) {
            *ret = arena_strdup(a, entry->d_name);
            return true;
        }
    }
    return false;
}

/* --- status --- */

/* deb-control(5): "Field: value", continued by lines that begin with a blank. */
static void read_field(struct str line, struct str key, struct str *value)
{
    if (str_starts(line, key))
        *value = str_trim((struct str){line.p + key.n, line.n - key.n});
}

static bool paragraph_is(struct str part, struct str name, struct str architecture,
                         struct package_status *ret)
{
    struct package_status s = {{"", 0}, {"", 0}};
    struct str line, found = {"", 0}, state = {"", 0};

    while (str_split(&part, '\n', &line)) {
        read_field(line, STR("Package:"), &found);
        read_field(line, STR("Version:"), &s.version);
        read_field(line, STR("Architecture:"), &s.architecture);
        read_field(line, STR("Status:"), &state);
    }
    if (!str_eq(found, name) || !str_ends(state, STR(" installed")) ||
        (architecture.n > 0 && !str_eq(architecture, s.architecture)))
        return false;
    *ret = s;
    return true;
}

bool package_status_find(struct str text, struct str name, struct str architecture,
                         struct package_status *ret)
{
    while (text.n > 0) {
        ptrdiff_t end = str_find(text, STR("\n\n"));
        struct str part = {text.p, end < 0 ? text.n : (size_t)end};

        if (paragraph_is(part, name, architecture, ret))
            return true;
        if (end < 0)
            break;
        text = (struct str){text.p + end + 2, text.n - (size_t)end - 2};
    }
    return false;
}

/* --- The whole --- */

/* No package has files there (hier(7)). */
static bool may_be_packaged(struct str path)
{
    static const char *const others[] = {"/home/", "/tmp/", "/root/", "/usr/local/",
                                         "/srv/",  "/run/", "/mnt/",  "/var/tmp/"};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (str_starts(path, str_from(others[i])))
            return false;
    return path.n > 1 && path.p[0] == '/';
}

static const char *text_of(struct str s, struct arena *a)
{
    return s.n > 0 && s.n <= FIELD_MAX ? arena_strndup(a, s.p, s.n) : NULL;
}

static void keep(struct str name, const struct package_status *s, struct arena *a,
                 struct crash_meta *m)
{
    m->package = text_of(name, a);
    m->package_version = text_of(s->version, a);
    m->package_architecture = s->architecture.n <= 32 ? text_of(s->architecture, a) : NULL;
    m->package_source = "dpkg";
    if (!m->version)
        m->version = m->package_version;
}

/* The search, or what is remembered of the last one. "": none has it. */
static const char *list_of(int info, struct str path, int memo_dir, struct arena *a)
{
    const char *list;

    if (package_memo_find(memo_dir, info, path, a, &list))
        return list;
    if (!find_list(info, path, a, &list))
        list = "";
    package_memo_add(memo_dir, info, path, list);
    return list;
}

void package_read(const char *database, int memo_dir, struct arena *a, struct crash_meta *m)
{
    _cleanup_fd_ int base = open(database, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_fd_ int info =
        base < 0 ? -1 : openat(base, "info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_mapping_ struct mapping status = {{"", 0}};
    struct str path = str_from(m->executable ? m->executable : ""), name, architecture;
    struct package_status found;
    const char *list;

    if (info < 0 || path.n > PATH_BYTES || !may_be_packaged(path))
        return;
    list = list_of(info, path, memo_dir, a);
    if (!owner_of(list, &name, &architecture) || map_file(base, "status", &status) < 0)
        return;
    if (package_status_find(status.text, name, architecture, &found))
        keep(name, &found, a, m);
}
