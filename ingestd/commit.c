/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/report/limits.h"

#define RECORD_MAX (META_JSON_MAX + 64 * 1024) /* the receipt is short */
#define FILE_MODE  0640

/* No rename: the folder around it is not visible yet. */
static int write_record(int dir_fd, const struct buf *b)
{
    _cleanup_fd_ int fd =
        openat(dir_fd, "meta.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    int r;

    if (fd < 0)
        return -errno;
    r = io_write(fd, b->data, b->len);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    return r;
}

/* A crash without a core has the empty digest: two of those are the same. */
static int compare_stored(struct blob_store *store, const struct upload *u, struct arena *scratch)
{
    _cleanup_buf_ struct buf text;
    struct crash_record stored;
    int r;

    buf_init(&text, RECORD_MAX);
    r = blob_crash_read(store, u->crash_id, "meta.json", &text);
    if (r)
        return r < 0 ? r
                     : -EIO; /* BLOB_NOT_FOUND: retention was faster; the next try starts anew */
    r = record_parse((struct str){buf_text(&text), text.len}, scratch, &stored);
    if (r < 0)
        return r;
    return strcmp(stored.receipt.core_sha256, u->receipt.core_sha256) == 0 ? COMMIT_REPEATED
                                                                           : COMMIT_CONFLICT;
}

int commit_upload(struct blob_store *store, const struct upload *u, struct arena *scratch)
{
    _cleanup_buf_ struct buf record;
    int r;

    buf_init(&record, RECORD_MAX);
    record_format(u->meta_json, &u->receipt, &record);
    r = buf_error(&record);
    if (r == 0)
        r = write_record(u->folder_fd, &record);
    if (r == 0)
        r = blob_crash_commit(store, u->folder, u->folder_fd, u->crash_id);
    return r == BLOB_EXISTS ? compare_stored(store, u, scratch) : r;
}
