/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl symbols`: what ELF files are good for, which of them the server would like, and
 * sending them. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/transport/upload.h"
#include "common/core/elf.h"
#include "common/core/features.h"

#define FILES_MAX   1000000u
#define LIMIT       50
#define MISSING_MAX 1000

/* --- One file --- */

struct symbol_file {
    const char *problem; /* NULL: it can be used */
    char build_id[ELF_BUILD_ID_TEXT];
    unsigned features;
    const char *kind; /* as in docs/protocol.md */
    uint16_t type;
};

static const char *problem_of(int outcome)
{
    switch (outcome) {
    case ELF_NOT_ELF:
        return "no ELF file";
    case ELF_NO_BUILD_ID:
        return "it has no build-id: link it with -Wl,--build-id";
    case ELF_MALFORMED:
        return "it is damaged or cut off";
    default:
        return strerror(-outcome);
    }
}

/* A separate debug file has the headers of what it was taken from, and the bytes of none of the
 * sections that are loaded. */
static const char *kind_of(unsigned features)
{
    return features == 0 || (features & (FEATURE_CODE | FEATURE_EXPORTS)) ? "executable"
                                                                          : "debuginfo";
}

static int look_at(int fd, struct symbol_file *ret)
{
    struct symbol_file f = {0};
    int r = elf_build_id_fd(fd, f.build_id);

    if (r == 0)
        r = elf_check_whole_fd(fd);
    if (r == 0)
        r = features_read(fd, &f.features, &f.type);
    f.problem = r == 0 ? NULL : problem_of(r);
    f.kind = kind_of(f.features);
    *ret = f;
    return r;
}

static json_t *features_json(unsigned features)
{
    static const struct {
        unsigned feature;
        const char *name;
    } names[] = {
        {FEATURE_CODE, "code"},     {FEATURE_EXPORTS, "exports"}, {FEATURE_SYMBOLS, "symbols"},
        {FEATURE_UNWIND, "unwind"}, {FEATURE_DEBUG, "debug"},     {FEATURE_LINES, "lines"},
        {FEATURE_ALT, "dwz"},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (features & names[i].feature)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

/* --- check --- */

static const struct column check_columns[] = {
    {"USABLE", "usable", COLUMN_STATUS},     {"KIND", "kind", COLUMN_STATUS},
    {"BUILD-ID", "build_id", COLUMN_STATUS}, {"FEATURES", "features", COLUMN_STATUS},
    {"FILE", "path", COLUMN_NAME},           {"PROBLEM", "problem", COLUMN_STATUS},
};

/* A path as it is named, with what is no UTF-8 in it replaced: JSON has no other texts. */
static json_t *path_json(const char *path)
{
    _cleanup_free_ char *copy = strdup(path);

    utf8_repair(copy, strlen(copy));
    return json_string(copy);
}

static int check_one(const char *path, json_t *rows)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct symbol_file f = {0};
    int r = fd < 0 ? -errno : look_at(fd, &f);

    if (fd < 0)
        f.problem = strerror(errno);
    json_array_append_new(rows,
                          json_pack("{s:o, s:b, s:s*, s:s*, s:o, s:s*}", "path", path_json(path),
                                    "usable", r == 0, "kind", r == 0 ? f.kind : NULL, "build_id",
                                    *f.build_id ? f.build_id : NULL, "features",
                                    features_json(f.features), "problem", f.problem));
    return r == 0 ? CTL_OK : r < 0 ? CTL_ERROR : CTL_CHECK_FAILED;
}

static int run_check(struct access *access, const struct arguments *args)
{
    _cleanup_json_ json_t *rows = json_array();
    int worst = CTL_OK;

    for (int i = 0; i < args->n_words; i++) {
        int status = check_one(args->words[i], rows);

        if (worst == CTL_OK || status == CTL_ERROR)
            worst = status;
    }
    table_print(&access->output, check_columns, ARRAY_SIZE(check_columns), rows);
    return worst;
}

const struct verb verb_symbols_check = {
    .word = "symbols",
    .second = "check",
    .arguments = "FILE...",
    .help = "say what ELF files are good for; 8 when one can't be used",
    .run = run_check,
    .least = 1,
    .most = -1,
};

/* --- upload --- */

enum { UPLOAD_DRY_RUN };

struct upload_run {
    const struct access *access;
    struct connection *c;
    bool dry_run;
    json_t *rows;
    json_t *seen; /* "build-id/kind" */
    size_t files;
    int worst;
};

static const struct column upload_columns[] = {
    {"STATE", "state", COLUMN_STATUS},       {"KIND", "kind", COLUMN_STATUS},
    {"BUILD-ID", "build_id", COLUMN_STATUS}, {"FILE", "path", COLUMN_NAME},
    {"NOTE", "note", COLUMN_STATUS},
};

static bool seen_before(struct upload_run *u, const struct symbol_file *f)
{
    char key[ELF_BUILD_ID_TEXT + 16];

    snprintf(key, sizeof(key), "%s/%s", f->build_id, f->kind);
    if (json_object_get(u->seen, key))
        return true;
    json_object_set_new(u->seen, key, json_true());
    return false;
}

static void add_row(struct upload_run *u, const char *path, const struct symbol_file *f,
                    const char *state, const char *note)
{
    json_array_append_new(u->rows, json_pack("{s:s, s:s, s:s, s:o, s:s*}", "state", state, "kind",
                                             f->kind, "build_id", f->build_id, "path",
                                             path_json(path), "note", note));
}

/* What the server lacks is sent. A server that can't be reached, or does not accept the token, ends
 * the run. */
static int send_one(struct upload_run *u, const char *path, int fd, const struct symbol_file *f)
{
    _cleanup_arena_ struct arena arena = ARENA_INIT(0);
    struct upload up = {0};
    bool there = false;
    int r = upload_asks_module(u->c, f->build_id, f->kind, &arena, &up, &there);

    if (r == 0 && up.verdict == UPLOAD_DONE && !there && !u->dry_run)
        r = upload_module(u->c, f->build_id, f->kind, fd, &arena, &up);
    if (r < 0)
        return ctl_complain(CTL_ERROR, "%s: %s", path, strerror(-r));
    if (up.verdict == UPLOAD_DONE) {
        add_row(u, path, f, !there && u->dry_run ? "PENDING" : "OK",
                there        ? "was there"
                : u->dry_run ? "would be sent"
                             : "sent");
        return CTL_OK;
    }
    add_row(u, path, f, "FAILED", up.detail);
    ctl_complain(0, "%s: %s: %s", u->access->ingest_url, path, up.detail);
    u->worst = CTL_ERROR;
    /* HEAD has no body, so the server could not say why. */
    if (up.verdict == UPLOAD_DENIED || up.status == 401 || up.status == 403)
        return CTL_DENIED;
    return up.verdict == UPLOAD_UNAVAILABLE ? CTL_UNREACHABLE : CTL_OK;
}

/* named: on the command line, so that it is said when it can't be used. */
static int upload_file(struct upload_run *u, const char *path, bool named)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct symbol_file f;

    if (fd < 0 || look_at(fd, &f) != 0) {
        if (!named)
            return CTL_OK;
        u->worst = CTL_ERROR;
        ctl_complain(0, "%s: %s", path, fd < 0 ? strerror(errno) : f.problem);
        return CTL_OK;
    }
    u->files++;
    return seen_before(u, &f) ? CTL_OK : send_one(u, path, fd, &f);
}

static int walk(struct upload_run *u, char **paths)
{
    FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    int status = CTL_OK;
    FTSENT *e;

    while (fts && status == CTL_OK && u->files < FILES_MAX && (e = fts_read(fts))) {
        if (e->fts_info == FTS_F)
            status = upload_file(u, e->fts_accpath, e->fts_level == FTS_ROOTLEVEL);
        else if (e->fts_info == FTS_NS || e->fts_info == FTS_ERR || e->fts_info == FTS_DNR)
            u->worst = ctl_complain(CTL_ERROR, "%s: %s", e->fts_path, strerror(e->fts_errno));
    }
    if (fts)
        fts_close(fts);
    return status;
}

static int run_upload(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_ingest(access);
    _cleanup_json_ json_t *rows = json_array(), *seen = json_object();
    struct upload_run u = {.access = access,
                           .c = c,
                           .dry_run = args->option[UPLOAD_DRY_RUN] != NULL,
                           .rows = rows,
                           .seen = seen};
    _cleanup_free_ char **paths = calloc((size_t)args->n_words + 1, sizeof(*paths));
    int status;

    for (int i = 0; i < args->n_words; i++)
        paths[i] = args->words[i];
    status = walk(&u, paths);
    if (json_array_size(rows) > 0 || access->output.format != OUTPUT_TEXT)
        table_print(&access->output, upload_columns, ARRAY_SIZE(upload_columns), rows);
    if (status == CTL_OK)
        status = u.worst;
    return status == CTL_OK && u.files == 0
               ? ctl_complain(CTL_NOT_FOUND, "there is no ELF file with a build-id")
               : status;
}

const struct verb verb_symbols_upload = {
    .word = "symbols",
    .second = "upload",
    .arguments = "PATH...",
    .help = "send executables, libraries and debug files that the server lacks; folders with all "
            "that is in them",
    .run = run_upload,
    .least = 1,
    .most = -1,
    .options = {[UPLOAD_DRY_RUN] = {"--dry-run", NULL, "ask what is there and send nothing"}},
};

/* --- missing --- */

enum { MISSING_LIMIT, MISSING_CHECK };

static const struct column missing_columns[] = {
    {"EVENTS", "event_count", COLUMN_NUMBER},
    {"GROUPS", "group_count", COLUMN_NUMBER},
    {"THERE IS", "status", COLUMN_STATUS},
    {"BUILD-ID", "build_id", COLUMN_STATUS},
    {"PATH", "path", COLUMN_NAME},
};

static int run_missing(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    long limit = arguments_number("--limit", args->option[MISSING_LIMIT], LIMIT, MISSING_MAX);
    _cleanup_json_ json_t *answer = NULL;
    const json_t *rows;
    char path[64];
    int status;

    if (limit < 0)
        return CTL_USAGE;
    snprintf(path, sizeof(path), "/api/v1/symbols/missing?limit=%ld", limit);
    status = ask_get(access, c, path, &answer);
    if (status != CTL_OK)
        return status;
    rows = json_object_get(answer, "modules");
    if (json_array_size(rows) > 0 || access->output.format != OUTPUT_TEXT) {
        output_page(&access->output);
        table_print(&access->output, missing_columns, ARRAY_SIZE(missing_columns), rows);
    } else {
        ctl_complain(0, "nothing is missing");
    }
    return args->option[MISSING_CHECK] && json_array_size(rows) > 0 ? CTL_CHECK_FAILED : CTL_OK;
}

const struct verb verb_symbols_missing = {
    .word = "symbols",
    .second = "missing",
    .arguments = "",
    .help = "list modules for want of which stacks are worse than they could be",
    .run = run_missing,
    .options =
        {
            [MISSING_LIMIT] = {"--limit", "N", "at most so many (default 50)"},
            [MISSING_CHECK] = {"--check", NULL, "8 when there are any"},
        },
};
