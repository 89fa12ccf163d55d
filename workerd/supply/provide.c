/* SPDX-License-Identifier: Apache-2.0 */
/* Wherever a file comes from, it is copied to an unnamed one first and looked at there: it must be
 * a whole ELF file with the build-id that was asked for. */
#include "workerd/supply/provide.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/store/arrivals.h"

#include "workerd/counters.h"
#include "workerd/sources/sources.h"

#define FOLDER_MAX 4096

/* A file on its way. */
struct delivery {
    struct provider *p;
    const struct want *want;
    struct arena *arena;
    const char *reason;
};

/* --- Into the store --- */

static int check(const struct delivery *d, int fd)
{
    char found[ELF_BUILD_ID_TEXT];
    int r = elf_check_whole_fd(fd);

    if (r == 0)
        r = elf_build_id_fd(fd, found);
    return r < 0 ? r : r == 0 && strcmp(found, d->want->build_id) == 0 ? 0 : PROVIDE_REFUSED;
}

/* As ingestd does: the mark stands before the module is there, and again behind it. */
static int publish(const struct delivery *d, int fd)
{
    struct worker *w = d->p->worker;
    int r = arrival_add(w->store, d->want->build_id);

    if (r == 0)
        r = blob_module_commit(w->store, fd, d->want->build_id, d->want->kind);
    if (r < 0 || r == BLOB_EXISTS)
        return r < 0 ? r : PROVIDE_PRESENT;
    r = arrival_add(w->store, d->want->build_id);
    if (r < 0)
        return r;
    (void)queue_wake(w->queue);
    return PROVIDE_STORED;
}

static int keep(struct delivery *d, int fd, const char *where)
{
    struct stat st;
    int r = check(d, fd);

    if (r == 0)
        r = publish(d, fd);
    if (r == PROVIDE_REFUSED)
        d->reason =
            arena_printf(d->arena, "what %s gave is no whole ELF file with this build-id", where);
    else if (r == PROVIDE_STORED)
        d->reason = arena_printf(d->arena, "from %s", where);
    if (r == PROVIDE_STORED && fstat(fd, &st) == 0)
        metrics_add(d->p->worker->metrics, COUNTER_FETCHED_BYTES, (uint64_t)st.st_size);
    return r;
}

/* --- Folders of this machine --- */

static int copy(int from, int to, uint64_t max)
{
    struct stat st;
    ssize_t n = 1;

    if (fstat(from, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size > max)
        return PROVIDE_REFUSED;
    for (off_t left = st.st_size; left > 0 && n > 0; left -= n)
        n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);
    return n < 0 ? -errno : 0;
}

static int take_from_folder(struct delivery *d, const char *folder)
{
    _cleanup_fd_ int found = -1, fd = -1;
    int r = source_open_by_build_id(folder, d->want->build_id, &found);

    if (r)
        return PROVIDE_NOT_FOUND;
    r = blob_module_begin(d->p->worker->store, &fd);
    if (r == 0)
        r = copy(found, fd, d->p->worker->conf->debuginfod_max);
    return r ? r : keep(d, fd, folder);
}

static int ask_folders(struct delivery *d)
{
    const char *folders = d->p->worker->conf->debug_folders;
    char folder[FOLDER_MAX];
    int r = PROVIDE_NOT_FOUND;

    if (d->want->kind != MODULE_DEBUGINFO)
        return r;
    while (*folders && r != PROVIDE_STORED && r != PROVIDE_PRESENT && r >= 0) {
        int n = (int)strcspn(folders, ":");

        if (snprintf(folder, sizeof(folder), "%.*s", n, folders) < (int)sizeof(folder))
            r = take_from_folder(d, folder);
        folders += n + (folders[n] == ':');
    }
    return r;
}

/* --- Servers --- */

/* False when the address would not fit. */
static bool write_order(const struct delivery *d, const char *url, int n, struct fetch_order *ret)
{
    const struct worker_conf *c = d->p->worker->conf;

    while (n > 0 && url[n - 1] == '/')
        n--;
    *ret = (struct fetch_order){
        .version = TALK_VERSION,
        .allow_private = c->debuginfod_private,
        .timeout_usec = c->debuginfod_timeout,
        .max_bytes = c->debuginfod_max,
    };
    return snprintf(ret->url, sizeof(ret->url), "%.*s/buildid/%s/%s", n, url, d->want->build_id,
                    module_kind_name(d->want->kind)) < (int)sizeof(ret->url);
}

static int ask_server(struct delivery *d, const char *url, int n)
{
    static const int outcomes[] = {
        [FETCH_NOT_FOUND] = PROVIDE_NOT_FOUND,
        [FETCH_REFUSED] = PROVIDE_REFUSED,
        [FETCH_FAILED] = PROVIDE_FAILED,
    };
    _cleanup_fd_ int fd = -1;
    struct fetch_order order;
    struct fetch_answer answer;
    int r;

    if (!write_order(d, url, n, &order))
        return PROVIDE_REFUSED;
    r = blob_module_begin(d->p->worker->store, &fd);
    if (r == 0)
        r = errand_run(&d->p->errand, &order, fd, &answer);
    if (r < 0)
        return r;
    if (answer.outcome == FETCH_DONE)
        return keep(d, fd, arena_printf(d->arena, "%.*s", n, url));
    d->reason = arena_printf(d->arena, "%.*s: %s", n, url, answer.reason);
    return outcomes[answer.outcome];
}

/* One after the other until one has it. What failed outweighs what is not there: it may go another
 * time. */
static int ask_servers(struct delivery *d)
{
    const char *urls = d->p->urls;
    int worst = PROVIDE_NOT_FOUND;

    for (urls += strspn(urls, " "); *urls; urls += strspn(urls, " ")) {
        int n = (int)strcspn(urls, " ");
        int r = ask_server(d, urls, n);

        if (r < 0 || r == PROVIDE_STORED || r == PROVIDE_PRESENT)
            return r;
        worst = r > worst ? r : worst;
        urls += n;
    }
    return worst;
}

int provide(struct provider *p, const struct want *w, struct arena *a, const char **ret_reason)
{
    struct delivery d = {.p = p, .want = w, .arena = a, .reason = "not found"};
    int r = PROVIDE_PRESENT;

    if (!blob_module_has(p->worker->store, w->build_id, w->kind))
        r = ask_folders(&d);
    if (r == PROVIDE_NOT_FOUND || r == PROVIDE_REFUSED)
        r = *p->urls ? ask_servers(&d) : r;
    *ret_reason = r == PROVIDE_PRESENT ? "in the store" : d.reason;
    return r;
}
