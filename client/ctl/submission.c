/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/submission.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/ctl/pack.h"
#include "client/ctl/postmortem.h"
#include "client/ctl/verbs.h"
#include "client/transport/upload.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/version.h"
#include "common/report/limits.h"

/* --- The report --- */

static const char *core_mistake(int outcome)
{
    static const char *const words[] = {
        [CORE_NOT_ELF] = "this is no ELF core file (a compressed one must be unpacked first: zstd "
                         "-d, coredumpctl dump)",
        [CORE_NOT_A_CORE] = "this is a program or a library, not a core file",
        [CORE_MALFORMED] = "the headers of this core file are damaged",
        [CORE_UNKNOWN_MACHINE] = "this core file is of an architecture that is not supported",
        [CORE_TOO_LARGE] = "this core file has too many threads or mappings",
    };

    return outcome < 0 ? strerror(-outcome) : words[outcome];
}

static int open_core(struct submission *s)
{
    struct bytes bytes;
    int r;

    if (s->core < 0)
        s->core = open(s->core_path, O_RDONLY | O_CLOEXEC);
    if (s->core < 0)
        return ctl_complain(CTL_ERROR, "%s: %s", s->core_path, strerror(errno));
    r = bytes_of_file(s->core, &bytes);
    if (r != 0)
        return ctl_complain(CTL_ERROR, "%s: %s", s->core_path,
                            r < 0 ? strerror(-r) : "not a regular file");
    r = corefile_open(bytes, &s->arena, &s->corefile);
    return r == 0 ? 0 : ctl_complain(CTL_ERROR, "%s: %s", s->core_path, core_mistake(r));
}

/* The build-id of a file of ours; NULL when it has none or can't be read. */
static const char *build_id_of(const char *path, struct arena *a, int *ret_fd)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char build_id[ELF_BUILD_ID_TEXT];

    if (fd < 0 || elf_build_id_fd(fd, build_id) != 0)
        return NULL;
    if (ret_fd)
        *ret_fd = TAKE_FD(fd);
    return arena_strdup(a, build_id);
}

static int add_program(struct submission *s)
{
    struct meta_module *module = postmortem_program(&s->corefile, &s->meta);
    char *absolute = realpath(s->program, NULL);

    if (!absolute)
        return ctl_complain(CTL_ERROR, "%s: %s", s->program, strerror(errno));
    s->program = arena_strdup(&s->arena, absolute);
    free(absolute);
    s->program_build_id = build_id_of(s->program, &s->arena, NULL);
    if (!s->program_build_id)
        return ctl_complain(CTL_ERROR, "%s has no build-id: link it with -Wl,--build-id",
                            s->program);
    if (module && module->build_id && strcmp(module->build_id, s->program_build_id) != 0)
        return ctl_complain(
            CTL_ERROR,
            "%s is not the program that crashed: its build-id is %s, that in the core is %s",
            s->program, s->program_build_id, module->build_id);
    if (module && !module->build_id)
        module->build_id = s->program_build_id;
    if (!s->meta.executable)
        s->meta.executable = s->program;
    return 0;
}

/* Offered is what this host has, in the very build that crashed. */
static void offer_modules(struct submission *s)
{
    for (size_t i = 0; i < s->meta.n_modules; i++) {
        struct meta_module *m = &s->meta.modules[i];
        const char *here;

        if (!m->build_id)
            continue;
        here = s->program_build_id && strcmp(m->build_id, s->program_build_id) == 0
                   ? s->program_build_id
                   : build_id_of(m->path, &s->arena, NULL);
        m->offered = here && strcmp(here, m->build_id) == 0;
    }
}

static int make_report(struct submission *s)
{
    struct crash_meta *m = &s->meta;
    char id[UUID_TEXT_SIZE], host[256] = "";
    struct stat st;
    int r = 0;

    if (!m->crash_id) {
        uuid_new(id);
        m->crash_id = arena_strdup(&s->arena, id);
    }
    m->client = "corralctl " CORRAL_VERSION;
    m->encoding = CORE_ZSTD;
    postmortem_read(&s->corefile, &s->arena, m);
    if (m->crashed_at == META_UNKNOWN && fstat(s->core, &st) == 0)
        m->crashed_at = st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
    if (!m->hostname && gethostname(host, sizeof(host) - 1) == 0)
        m->hostname = arena_strdup(&s->arena, host);
    if (s->program)
        r = add_program(s);
    offer_modules(s);
    return r;
}

/* --- Sending --- */

static int open_module(struct submission *s, const char *build_id, const char **ret_path)
{
    int fd = -1;

    if (s->program_build_id && strcmp(build_id, s->program_build_id) == 0) {
        *ret_path = s->program;
        return open(s->program, O_RDONLY | O_CLOEXEC);
    }
    for (size_t i = 0; i < s->meta.n_modules; i++) {
        const struct meta_module *m = &s->meta.modules[i];

        if (!m->offered || strcmp(m->build_id, build_id) != 0 ||
            !build_id_of(m->path, &s->arena, &fd))
            continue;
        *ret_path = m->path;
        return fd;
    }
    return -1;
}

static int failure(const struct access *a, const struct upload *u, const char *what)
{
    ctl_complain(CTL_ERROR, "%s: %s: %s", a->ingest_url, what, u->detail);
    if (u->verdict == UPLOAD_DENIED)
        return CTL_DENIED;
    return u->status == 0 ? CTL_UNREACHABLE : u->status == 409 ? CTL_CONFLICT : CTL_ERROR;
}

static int send_modules(struct submission *s, const struct access *a, struct connection *c,
                        const struct answer *answer)
{
    for (size_t i = 0; i < answer->n_modules; i++) {
        const char *path = NULL;
        struct upload u = {0};
        _cleanup_fd_ int fd = open_module(s, answer->modules[i], &path);
        int r = fd < 0 ? 0 : upload_module(c, answer->modules[i], "executable", fd, &s->arena, &u);

        if (fd < 0)
            continue;
        if (r < 0)
            return ctl_complain(CTL_ERROR, "%s: %s", path, strerror(-r));
        if (u.verdict == UPLOAD_REFUSED)
            ctl_complain(CTL_ERROR, "%s was not taken and will be missing in the stack: %s", path,
                         u.detail);
        else if (u.verdict != UPLOAD_DONE)
            return failure(a, &u, path);
    }
    return CTL_OK;
}

static int send_report(struct submission *s, const struct access *a)
{
    _cleanup_connection_ struct connection *c = access_ingest(a);
    _cleanup_buf_ struct buf meta = BUF_INIT(META_JSON_MAX);
    _cleanup_fd_ int packed = -1;
    struct upload u = {0};
    int r;

    meta_format(&s->meta, &meta);
    r = buf_error(&meta);
    if (r == 0)
        r = pack_file(s->core, &packed);
    if (r == 0)
        r = upload_crash(c, (struct str){meta.data, meta.len}, packed, &s->arena, &u);
    if (r < 0)
        return ctl_complain(CTL_ERROR, "%s: %s", s->core_path, strerror(-r));
    s->there = u.status == 200;
    if (u.verdict != UPLOAD_DONE)
        return failure(a, &u, "the crash was not taken");
    return send_modules(s, a, c, &u.answer);
}

/* --- The whole --- */

void submission_init(struct submission *s)
{
    *s = (struct submission){.core = -1};
    meta_init(&s->meta);
}

void submission_fini(struct submission *s)
{
    if (s->core >= 0)
        close(s->core);
    arena_fini(&s->arena);
}

int submission_send(struct submission *s, const struct access *a)
{
    int status = open_core(s);

    if (status == CTL_OK)
        status = make_report(s);
    return status == CTL_OK ? send_report(s, a) : status;
}
