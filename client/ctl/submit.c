/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl submit`: a core file that somebody has, for hosts without the handler and for crashes
 * of the past. The program and its libraries are sent when the server lacks them and the files here
 * are, by build-id, the ones that crashed. */
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

struct submission {
    struct arena arena;
    const char *core_path, *program; /* program NULL: not given */
    int core;
    struct corefile corefile;
    struct crash_meta meta;
    const char *program_build_id; /* NULL: no program, or it has none */
};

static int __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("corralctl: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    return CTL_ERROR;
}

/* --- Arguments --- */

/* Options that are a field of the report. */
static const struct {
    const char *option;
    struct str field;
} fields[] = {
    {"--host", STR("hostname")}, {"--version", STR("version")}, {"--package", STR("package")},
    {"--unit", STR("unit")},     {"--time", STR("timestamp")},
};

static int set_option(struct submission *s, const char *option, const char *value)
{
    struct meta_error error;

    if (strcmp(option, "--exe") == 0) {
        s->program = value;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strcmp(fields[i].option, option) != 0)
            continue;
        if (meta_set_field(&s->meta, &s->arena, fields[i].field, str_from(value), &error) == 0)
            return 0;
        complain("%s %s: %s", option, value, error.message);
        return CTL_USAGE;
    }
    complain("submit has no option %s: see corralctl --help", option);
    return CTL_USAGE;
}

static int read_arguments(struct submission *s, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        int r;

        if (argv[i][0] != '-' && !s->core_path) {
            s->core_path = argv[i];
            continue;
        }
        if (argv[i][0] != '-' || i + 1 == argc) {
            complain(argv[i][0] == '-' ? "%s needs a value" : "one core at a time: %s", argv[i]);
            return CTL_USAGE;
        }
        r = set_option(s, argv[i], argv[i + 1]);
        if (r)
            return r;
        i++;
    }
    if (s->core_path)
        return 0;
    complain("submit needs a core file");
    return CTL_USAGE;
}

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

    s->core = open(s->core_path, O_RDONLY | O_CLOEXEC);
    if (s->core < 0)
        return complain("%s: %s", s->core_path, strerror(errno));
    r = bytes_of_file(s->core, &bytes);
    if (r != 0)
        return complain("%s: %s", s->core_path, r < 0 ? strerror(-r) : "not a regular file");
    r = corefile_open(bytes, &s->arena, &s->corefile);
    return r == 0 ? 0 : complain("%s: %s", s->core_path, core_mistake(r));
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
        return complain("%s: %s", s->program, strerror(errno));
    s->program = arena_strdup(&s->arena, absolute);
    free(absolute);
    s->program_build_id = build_id_of(s->program, &s->arena, NULL);
    if (!s->program_build_id)
        return complain("%s has no build-id: link it with -Wl,--build-id", s->program);
    if (module && module->build_id && strcmp(module->build_id, s->program_build_id) != 0)
        return complain(
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

    uuid_new(id);
    m->crash_id = arena_strdup(&s->arena, id);
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
    complain("%s: %s: %s", a->ingest_url, what, u->detail);
    if (u->verdict == UPLOAD_DENIED)
        return CTL_DENIED;
    return u->status == 0 ? CTL_UNREACHABLE : CTL_ERROR;
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
            return complain("%s: %s", path, strerror(-r));
        if (u.verdict == UPLOAD_REFUSED)
            complain("%s was not taken and will be missing in the stack: %s", path, u.detail);
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
        return complain("%s: %s", s->core_path, strerror(-r));
    if (u.verdict != UPLOAD_DONE)
        return failure(a, &u, "the crash was not taken");
    return send_modules(s, a, c, &u.answer);
}

int verb_submit(struct access *access, int argc, char **argv)
{
    struct submission s = {.core = -1};
    int status;

    meta_init(&s.meta);
    status = read_arguments(&s, argc, argv);
    if (status == 0)
        status = open_core(&s);
    if (status == 0)
        status = make_report(&s);
    if (status == 0)
        status = send_report(&s, access);
    if (status == 0)
        printf("%s/events/%s\n", access->dash_url, s.meta.crash_id);
    if (s.core >= 0)
        close(s.core);
    arena_fini(&s.arena);
    return status;
}
