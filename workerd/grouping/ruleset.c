/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/grouping/ruleset.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

struct reading {
    struct arena *arena;
    struct rules_error *error;
    struct rules_text texts[RULES_TEXTS_MAX];
    size_t n;
};

static int fail(struct reading *r, const char *path, const char *what)
{
    *r->error = (struct rules_error){.file = arena_strdup(r->arena, path)};
    snprintf(r->error->message, sizeof(r->error->message), "%s", what);
    return -EINVAL;
}

static int open_text(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? -errno : fd;
}

static int add_file(struct reading *r, const char *path)
{
    _cleanup_buf_ struct buf b = BUF_INIT(RULES_TEXT_MAX);
    _cleanup_fd_ int fd = open_text(path);
    int e = fd < 0 ? fd : io_read_fd(fd, &b);

    if (e == -E2BIG)
        return fail(r, path, "is larger than 1 MiB");
    if (e < 0)
        return fail(r, path, strerror(-e));
    if (r->n + 1 >= RULES_TEXTS_MAX) /* the shipped ones need a place */
        return fail(r, path, "is one file too many");
    r->texts[r->n++] = (struct rules_text){
        arena_strdup(r->arena, path),
        {arena_strndup(r->arena, buf_text(&b), b.len), b.len},
    };
    return 0;
}

static int is_rules_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && cstr_ends(entry->d_name, RULESET_SUFFIX);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct reading *r, const char *path)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, is_rules_file, by_bytes), e = 0;

    if (n < 0)
        return fail(r, path, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (e == 0)
            e = add_file(r, arena_printf(r->arena, "%s/%s", path, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return e;
}

static int add_path(struct reading *r, const char *path, bool is_folder)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return is_folder && errno == ENOENT ? 0 : fail(r, path, strerror(errno));
    return S_ISDIR(st.st_mode) ? add_folder(r, path) : add_file(r, path);
}

static struct rules_text shipped_text(void)
{
    return (struct rules_text){"grouping.rules", str_from(grouping_rules_text)};
}

int ruleset_read(const char *const *paths, size_t n, struct arena *a, struct rules *ret,
                 struct rules_error *ret_error)
{
    struct reading *r = arena_new(a, struct reading);
    int e = 0;

    r->arena = a;
    r->error = ret_error;
    for (size_t i = 0; i < n && e == 0; i++)
        e = add_path(r, paths[i], !cstr_ends(paths[i], RULESET_SUFFIX));
    if (e < 0)
        return e;
    r->texts[r->n++] = shipped_text();
    return rules_make(r->texts, r->n, a, ret, ret_error);
}

void rules_error_print(const struct rules_error *e)
{
    if (e->line > 0)
        fprintf(stderr, "%s:%u:%u: %s\n", e->file, e->line, e->column, e->message);
    else
        fprintf(stderr, "%s: %s\n", e->file, e->message);
}

const struct rules *ruleset_shipped(void)
{
    static struct arena arena;
    static struct rules rules;
    struct rules_text text = shipped_text();
    struct rules_error error;

    if (rules.n == 0) {
        int e = rules_make(&text, 1, &arena, &rules, &error);

        assert(e == 0);
        (void)e;
    }
    return &rules;
}
