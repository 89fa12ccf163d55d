/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/buildid.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/core/features.h"
#include "common/store/blob.h"
#include "dashd/access/access.h"
#include "dashd/access/queries.h"
#include "dashd/app.h"
#include "dashd/page.h"

/* Whether the file has debug information itself: most executables of people who build for
 * themselves do, and then there is no second file. */
static bool has_debuginfo(int fd)
{
    unsigned features;
    uint16_t type;

    return features_read(fd, &features, &type) == 0 && (features & FEATURE_DEBUG);
}

/* BLOB_NOT_FOUND. */
static int open_module(struct app *app, const char *build_id, enum module_kind kind, int *ret_fd)
{
    _cleanup_fd_ int fd = -1;
    int r = blob_module_open(app->blobs, build_id, kind, ret_fd);

    if (r != BLOB_NOT_FOUND || kind != MODULE_DEBUGINFO)
        return r;
    r = blob_module_open(app->blobs, build_id, MODULE_EXECUTABLE, &fd);
    if (r != 0)
        return r;
    if (!has_debuginfo(fd))
        return BLOB_NOT_FOUND;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static void none(struct request *q, struct response *r, const char *build_id)
{
    bool sidecar = blob_module_has(((struct app *)request_app(q))->blobs, build_id, MODULE_UNWIND);

    response_problem(r, q, 404,
                     sidecar ? "Of this build-id only what it takes to unwind is here, not the "
                               "file: `corralctl symbols upload` sends it."
                             : "There is no such file of this build-id here: `corralctl symbols "
                               "upload` sends it.");
    response_header(r, "Cache-Control", "no-store");
}

void handle_buildid(struct request *q, struct response *r)
{
    const char *build_id = request_param(q, "id"), *name = request_param(q, "kind");
    struct app *app = request_app(q);
    struct audit_entry audit = {.actor = access_identity(q)->actor,
                                .action = "module.download",
                                .remote = request_remote(q)};
    enum module_kind kind = MODULE_KIND_COUNT;
    _cleanup_fd_ int fd = -1;
    struct stat st;
    int outcome;

    if (module_kind_parse(str_from(name), &kind) < 0 || kind == MODULE_UNWIND ||
        open_module(app, build_id, kind, &fd) != 0 || fstat(fd, &st) < 0) {
        none(q, r, build_id);
        return;
    }
    audit.subject = arena_printf(request_arena(q), "%s/%s", build_id, module_kind_name(kind));
    outcome = query_audit(app_db(app), &audit);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    response_file(r, TAKE_FD(fd), (uint64_t)st.st_size);
    response_type(r, "application/octet-stream");
    response_header(r, "Cache-Control", "private, no-store");
}
