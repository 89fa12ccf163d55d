/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/sources/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/core/elf.h"
#include "workerd/sources/facts.h"
#include "workerd/sources/shelfslot.h"

/* --- The files of a module --- */

struct opened {
    struct shelf_files files;
    struct file_facts facts; /* of the module; then shared_… of its debug file, if it has one */
    struct shelf_identity identity;
    char build_id[ELF_BUILD_ID_TEXT];
};

static void opened_fini(struct opened *o)
{
    cleanup_fd(&o->files.module);
    cleanup_fd(&o->files.debuginfo);
    cleanup_fd(&o->files.shared);
}

static int add_source(struct opened *o, int fd, enum index_source_kind kind)
{
    struct stat st;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (kind == INDEX_SOURCE_MODULE)
        o->identity.inode = st.st_ino;
    if (st.st_size > 0)
        o->identity.sources[o->identity.n++] = (struct index_source){
            .kind = kind,
            .size = (uint64_t)st.st_size,
            .mtime_sec = st.st_mtim.tv_sec,
            .mtime_nsec = (uint64_t)st.st_mtim.tv_nsec,
        };
    return 0;
}

static int identify(struct opened *o)
{
    int r = add_source(o, o->files.module, INDEX_SOURCE_MODULE);

    if (r == 0)
        r = add_source(o, o->files.debuginfo, INDEX_SOURCE_DEBUGINFO);
    if (r == 0)
        r = add_source(o, o->files.shared, INDEX_SOURCE_SHARED);
    o->identity.build_id = o->build_id;
    return r;
}

/* Debug information, and what that shares with others; both may not be at hand. */
static int open_debug(const struct shelf *s, const struct module_wanted *w, struct opened *o)
{
    const char *link = o->facts.debug_link[0] ? o->facts.debug_link : NULL;
    struct file_facts debug;
    int r = source_open_debug(&s->sources, w, link, &o->files.debuginfo);

    if (r < 0)
        return r;
    if (r == 0) {
        file_facts(o->files.debuginfo, &debug);
        o->facts.symbols |= debug.symbols;
        o->facts.debug |= debug.debug;
        memcpy(o->facts.shared_name, debug.shared_name, sizeof debug.shared_name);
        memcpy(o->facts.shared_id, debug.shared_id, sizeof debug.shared_id);
    }
    if (o->facts.shared_id[0] == '\0')
        return 0;
    r = source_open_shared(&s->sources, o->facts.shared_id, o->facts.shared_name, &o->files.shared);
    return r < 0 ? r : 0;
}

/* SHELF_NO_MODULE. */
static int open_files(const struct shelf *s, const struct module_wanted *w, struct opened *o)
{
    struct module_wanted known = *w;
    int r = source_open_module(&s->sources, w, &o->files.module);

    if (r != 0)
        return r < 0 ? r : SHELF_NO_MODULE;
    if (elf_build_id_fd(o->files.module, o->build_id) != 0)
        o->build_id[0] = '\0';
    known.build_id = o->build_id[0] ? o->build_id : NULL;
    file_facts(o->files.module, &o->facts);
    r = open_debug(s, &known, o);
    return r < 0 ? r : identify(o);
}

#define OPENED_INIT                                                                                \
    {                                                                                              \
        .files = { -1, -1, -1 }                                                                    \
    }

/* --- Opening --- */

static int refuse(struct shelf *s, const char *problem, const char **ret_problem)
{
    if (problem != s->problem)
        snprintf(s->problem, sizeof s->problem, "%s", problem);
    *ret_problem = s->problem;
    return SHELF_REFUSED;
}

/* A descriptor with which nobody can change what others will map. */
static int reopen(int fd, int *ret)
{
    char self[64];

    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int readable = open(self, O_RDONLY | O_CLOEXEC);

    if (readable < 0)
        return -errno;
    *ret = readable;
    return 0;
}

static int make(struct shelf *s, const struct shelf_slot *slot, const struct opened *o, int *ret_fd,
                const char **ret_problem)
{
    _cleanup_fd_ int fd = -1;
    const char *problem = "no reason was given";
    int r = shelf_slot_begin(slot, &fd);

    if (r < 0)
        return r;
    r = s->build(s->arg, &o->files, fd, &problem);
    if (r == 0 && shelf_slot_check(fd, &o->identity) != 0) {
        r = SHELF_REFUSED;
        problem = "what was made of it is no index of it";
    }
    if (r == SHELF_REFUSED)
        shelf_slot_refuse(slot, &o->identity, problem);
    if (r != 0)
        return r < 0 ? r : refuse(s, problem, ret_problem);
    shelf_slot_keep(slot, fd);
    return reopen(fd, ret_fd);
}

static int open_kept(struct shelf *s, const struct shelf_slot *slot, const struct opened *o,
                     int *ret_fd, const char **ret_problem)
{
    int r = shelf_slot_open(slot, &o->identity, ret_fd, s->problem);

    return r == SLOT_REFUSED ? refuse(s, s->problem, ret_problem) : r == SLOT_EMPTY ? -ENOENT : r;
}

int shelf_open(struct shelf *s, const struct module_wanted *w, int *ret_fd,
               const char **ret_problem)
{
    _cleanup_(opened_fini) struct opened o = OPENED_INIT;
    _cleanup_(shelf_slot_fini) struct shelf_slot slot = {.root = -1};
    int r = open_files(s, w, &o);

    if (r != 0)
        return r;
    shelf_slot_find(s, &o.identity, w->path, &slot);
    r = open_kept(s, &slot, &o, ret_fd, ret_problem);
    if (r != -ENOENT)
        return r;
    _cleanup_fd_ int lock = shelf_slot_lock(&slot);

    if (lock >= 0)
        r = open_kept(s, &slot, &o, ret_fd, ret_problem); /* somebody was faster */
    return r == -ENOENT ? make(s, &slot, &o, ret_fd, ret_problem) : r;
}

int shelf_open_files(const struct shelf *s, const struct module_wanted *w, struct shelf_files *ret)
{
    _cleanup_(opened_fini) struct opened o = OPENED_INIT;
    int r = open_files(s, w, &o);

    if (r != 0)
        return r;
    if (!o.facts.debug)
        return SHELF_NO_MODULE;
    *ret = o.files;
    o.files = (struct shelf_files){-1, -1, -1};
    return 0;
}

/* --- What is known without it --- */

static enum module_status status_of_files(const struct opened *o)
{
    if (o->facts.debug)
        return MODULE_DEBUG;
    return o->facts.symbols ? MODULE_SYMBOLS : MODULE_STRIPPED;
}

enum module_status shelf_status(struct shelf *s, const struct module_wanted *w)
{
    _cleanup_(opened_fini) struct opened o = OPENED_INIT;
    _cleanup_(shelf_slot_fini) struct shelf_slot slot = {.root = -1};
    enum module_status status;

    if (open_files(s, w, &o) != 0)
        return MODULE_MISSING;
    shelf_slot_find(s, &o.identity, w->path, &slot);
    return shelf_slot_status(&slot, &o.identity, &status) ? status : status_of_files(&o);
}
