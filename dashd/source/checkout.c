/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/source/checkout.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"

/* Behind the last '.', in any case. */
static const char *const source_suffixes[] = {
    "c",   "h",   "cc",  "cpp", "cxx", "c++", "hh",    "hpp",  "hxx", "h++", "inc", "inl", "ipp",
    "tcc", "tpp", "def", "s",   "asm", "rs",  "go",    "zig",  "d",   "nim", "f",   "f77", "f90",
    "f95", "f03", "for", "m",   "mm",  "ada", "adb",   "ads",  "pas", "y",   "yy",  "l",   "ll",
    "cu",  "cuh", "cl",  "ml",  "mli", "hs",  "swift", "vala", "v",   "cr",  "pyx", "rl",
};

static bool is_source_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < ARRAY_SIZE(source_suffixes); i++)
        if (strcasecmp(dot + 1, source_suffixes[i]) == 0)
            return true;
    return false;
}

/* ".." is what compilers write for headers; where it leads is openat2's matter. */
static bool is_hidden(struct str part)
{
    return part.n > 0 && part.p[0] == '.' && !str_eq(part, STR(".")) && !str_eq(part, STR(".."));
}

bool checkout_shows(const char *path)
{
    struct str rest = str_from(path), part;

    if (rest.n == 0 || rest.n >= PATH_MAX || path[0] == '/' || !is_source_name(path))
        return false;
    while (str_split(&rest, '/', &part))
        if (is_hidden(part))
            return false;
    return true;
}

/* A regular file beneath the folder (openat2(2)); -1. */
static int open_beneath(const char *folder, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    _cleanup_fd_ int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_fd_ int fd = -1;
    struct stat st;

    if (dir < 0)
        return -1;
    fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    return TAKE_FD(fd);
}

static int open_named(const struct prefixes *roots, const char *file, const char **ret_checkout)
{
    const char *path = file ? prefixes_match(roots, file, ret_checkout) : NULL;

    return path && checkout_shows(path) ? open_beneath(*ret_checkout, path) : -1;
}

int checkout_excerpt(const struct prefixes *roots, const struct frame *f, struct arena *a,
                     struct excerpt *ret)
{
    const char *checkout = NULL;
    _cleanup_fd_ int fd = -1;
    int r;

    if (f->line == 0)
        return CHECKOUT_NONE;
    fd = open_named(roots, f->source, &checkout);
    if (fd < 0)
        fd = open_named(roots, f->file, &checkout);
    if (fd < 0)
        return CHECKOUT_NONE;
    r = excerpt_read(fd, f->line, a, ret);
    if (r < 0)
        return CHECKOUT_NONE;
    if (r == 0)
        ret->checkout = checkout;
    return r;
}
