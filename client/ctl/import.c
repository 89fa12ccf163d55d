/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl import`: the crashes that systemd-coredump has kept. Those of the journal first, which
 * knows unit and host; then what lies in the folder and no journal knows. Repeated, it sends
 * nothing twice: the crash ids are made of the files' names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/coredumps.h"
#include "client/ctl/output/table.h"
#include "client/ctl/submission.h"
#include "client/ctl/unpack.h"
#include "client/ctl/verbs.h"
#include "common/base/clock.h"
#include "common/report/jsontree.h"

#define LINE_MAX_ (4u * 1024 * 1024)
#define JOURNAL   "journalctl -o json --no-pager MESSAGE_ID=" COREDUMPS_MESSAGE " 2>/dev/null"

enum { IMPORT_FOLDER, IMPORT_JOURNAL, IMPORT_SINCE, IMPORT_DRY_RUN };

struct import {
    const struct access *access;
    const char *folder;
    bool dry_run;
    int64_t since; /* usec */
    json_t *rows, *seen;
    int worst;
};

static const struct column columns[] = {
    {"STATE", "state", COLUMN_STATUS},
    {"EVENT", "id", COLUMN_STATUS},
    {"FILE", "file", COLUMN_NAME},
    {"NOTE", "note", COLUMN_STATUS},
};

static void add_row(struct import *im, const struct coredump *c, const char *state,
                    const char *note)
{
    const char *slash = strrchr(c->file, '/');
    _cleanup_free_ char *name = strdup(slash ? slash + 1 : c->file);

    utf8_repair(name, strlen(name));
    json_array_append_new(im->rows, json_pack("{s:s, s:s, s:s, s:s*}", "state", state, "id", c->id,
                                              "file", name, "note", note));
}

/* --- One crash --- */

/* The file by its last name in the folder: what else the journal says of its place is a stranger's.
 */
static int open_core(const struct import *im, const struct coredump *c, int *ret_fd)
{
    const char *slash = strrchr(c->file, '/');
    _cleanup_fd_ int folder = open(im->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_fd_ int fd = -1;

    if (folder < 0)
        return -errno;
    fd = openat(folder, slash ? slash + 1 : c->file,
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (c->packing == COREDUMP_PLAIN) {
        *ret_fd = TAKE_FD(fd);
        return 0;
    }
    return unpack_temporary(fd, ret_fd);
}

static int send_one(struct import *im, const struct coredump *c, struct submission *s)
{
    int r = open_core(im, c, &s->core), status;

    if (r < 0) {
        add_row(im, c, r == -ENOENT ? "GONE" : "FAILED", strerror(-r));
        im->worst = r == -ENOENT ? im->worst : CTL_ERROR;
        return CTL_OK;
    }
    s->core_path = c->file;
    s->meta.crash_id = c->id;
    s->meta.crashed_at = c->at;
    s->meta.imported = true;
    status = submission_send(s, im->access);
    if (status == CTL_OK)
        add_row(im, c, "OK", s->there ? "was there" : "sent");
    else
        add_row(im, c, "FAILED", NULL);
    if (status != CTL_OK)
        im->worst = status;
    return status == CTL_UNREACHABLE || status == CTL_DENIED ? status : CTL_OK;
}

static int import_one(struct import *im, const struct coredump *c, struct submission *s)
{
    if (c->at < im->since || json_object_get(im->seen, c->id))
        return CTL_OK;
    json_object_set_new(im->seen, c->id, json_true());
    if (c->packing == COREDUMP_OTHER) {
        add_row(im, c, "SKIPPED", "not in zstd: unpack it and use corralctl submit");
        return CTL_OK;
    }
    if (im->dry_run) {
        add_row(im, c, "PENDING", NULL);
        return CTL_OK;
    }
    return send_one(im, c, s);
}

/* --- All --- */

static int import_line(struct import *im, struct str line)
{
    struct submission s;
    struct coredump c;
    int status = CTL_OK;

    submission_init(&s);
    if (coredump_entry(line, &s.arena, &c, &s.meta))
        status = import_one(im, &c, &s);
    submission_fini(&s);
    return status;
}

static int import_journal(struct import *im, FILE *journal)
{
    _cleanup_free_ char *line = NULL;
    int status = CTL_OK;
    size_t size = 0;
    ssize_t n;

    while (status == CTL_OK && (n = getline(&line, &size, journal)) > 0)
        if ((size_t)n <= LINE_MAX_)
            status = import_line(im, (struct str){line, (size_t)n});
    return status;
}

static int read_journal(struct import *im, const char *path)
{
    FILE *journal;
    int status;

    if (!path) {
        journal = popen(JOURNAL, "re");
        status = journal ? import_journal(im, journal) : CTL_OK;
        if (journal)
            pclose(journal);
        return status;
    }
    journal = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!journal)
        return ctl_complain(CTL_ERROR, "%s: %s", path, strerror(errno));
    status = import_journal(im, journal);
    if (journal != stdin)
        fclose(journal);
    return status;
}

static int read_folder(struct import *im)
{
    _cleanup_dir_ DIR *dir = opendir(im->folder);
    const struct dirent *d;
    int status = CTL_OK;

    if (!dir)
        return ctl_complain(errno == ENOENT ? CTL_NOT_FOUND : CTL_ERROR, "%s: %s", im->folder,
                            strerror(errno));
    while (status == CTL_OK && (d = readdir(dir))) {
        struct submission s;
        struct coredump c;

        submission_init(&s);
        if (coredump_name(d->d_name, &s.arena, &c))
            status = import_one(im, &c, &s);
        submission_fini(&s);
    }
    return status;
}

static int read_since(const struct arguments *args, int64_t *ret)
{
    if (!args->option[IMPORT_SINCE] || clock_parse(str_from(args->option[IMPORT_SINCE]), ret) == 0)
        return CTL_OK;
    return ctl_complain(CTL_USAGE,
                        "--since is a time as in RFC 3339, such as 2026-11-01T00:00:00Z");
}

static int run_import(struct access *access, const struct arguments *args)
{
    _cleanup_json_ json_t *rows = json_array(), *seen = json_object();
    struct import im = {
        .access = access,
        .folder = args->option[IMPORT_FOLDER] ?: COREDUMPS_FOLDER,
        .dry_run = args->option[IMPORT_DRY_RUN] != NULL,
        .rows = rows,
        .seen = seen,
    };
    int status = read_since(args, &im.since);

    if (status == CTL_OK)
        status = read_journal(&im, args->option[IMPORT_JOURNAL]);
    if (status == CTL_OK)
        status = read_folder(&im);
    if (json_array_size(rows) > 0 || access->output.format != OUTPUT_TEXT)
        table_print(&access->output, columns, ARRAY_SIZE(columns), rows);
    if (status == CTL_OK)
        status = im.worst;
    return status == CTL_OK && json_array_size(rows) == 0
               ? ctl_complain(CTL_NOT_FOUND, "there is no core of systemd-coredump to import")
               : status;
}

const struct verb verb_import = {
    .word = "import",
    .arguments = "",
    .help = "send the crashes that systemd-coredump has kept on this host",
    .run = run_import,
    .options =
        {
            [IMPORT_FOLDER] = {"--folder", "DIR", "other than " COREDUMPS_FOLDER},
            [IMPORT_JOURNAL] = {"--journal", "FILE", "output of journalctl -o json; - for stdin"},
            [IMPORT_SINCE] = {"--since", "TIME", "crashes from then on (RFC 3339)"},
            [IMPORT_DRY_RUN] = {"--dry-run", NULL, "say what there is and send nothing"},
        },
};
