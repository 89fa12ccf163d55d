/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs on disk. All names are functions of validated ids, never of names that came from outside:
 *
 *   crashes/YYYY/MM/DD/<crash-id>/{meta.json,core.zst,analysis.json}
 *                                        the day is the one inside the UUIDv7
 *                          {full.zst,full.json}
 *                                        a full core that came after the crash, and its facts:
 *                                        full.json is there before full.zst gets its name
 *                          {full.part,full.offset}
 *                                        the same while it comes (ingestd/full_part.h)
 *   modules/xx/<build-id>/{executable,debuginfo,unwind,index}
 *                                        xx: the first two digits
 *   modules/.new-<random>               an index on its way (workerd/sources/shelf.h)
 *   modules/count                        as many bytes as modules were stored
 *   pending/<crash-id>                   accepted and not yet in the database
 *   partial/<crash-id>                   has a full.part
 *   arrived/<name>  healing/<name>       see arrivals.h
 *   tmp/                                 half-written; cleared when ingestd starts
 *
 * A crash becomes visible by renaming a complete, fsynced folder out of tmp/; a module by linking a
 * complete, fsynced file. So a reader never sees a half. Thread-safe: the store is a folder
 * descriptor. */
#ifndef CORRAL_STORE_BLOB_H
#define CORRAL_STORE_BLOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/str.h"

#define BLOB_PATH_SIZE 256

/* Files of a crash. */
#define BLOB_CORE       "core.zst"
#define BLOB_FULL       "full.zst"
#define BLOB_FULL_FACTS "full.json"

enum module_kind { MODULE_EXECUTABLE, MODULE_DEBUGINFO, MODULE_UNWIND, MODULE_KIND_COUNT };

enum blob_outcome {
    BLOB_EXISTS = 1, /* that id is taken; nothing was changed */
    BLOB_NOT_FOUND,
};

struct blob_store;

/* Opens the root; with create, makes it and its folders: open to the group, for the daemons are
 * different users that share one (their group is the root's where the root has the set-group-ID
 * bit). -ENOENT. */
int blob_open(const char *root, bool create, struct blob_store **ret);
void blob_close(struct blob_store *s);
/* The root, for what is in the store and has a file of its own here (arrivals.h). Borrowed. */
int blob_root(const struct blob_store *s);
/* Bytes that an unprivileged writer may still use here; 0 when there is no inode left. */
int blob_free_bytes(struct blob_store *s, uint64_t *ret);

/* --- Crashes --- */

/* Whether an id can be stored: a UUIDv7 whose time lies in the years 1970 to 9999, for it names the
 * folder. To every function below another id is BLOB_NOT_FOUND, to blob_crash_commit and
 * blob_pending_add -EINVAL. */
bool blob_crash_id_valid(struct str id);

/* A new folder in tmp/ for a crash in the making; its descriptor goes to *ret_fd, its name below
 * the root to ret_name. */
int blob_crash_begin(struct blob_store *s, char ret_name[static BLOB_PATH_SIZE], int *ret_fd);
/* Publishes the folder under the crash id: pending entry, fsync of the folder (its files must have
 * been fsynced by their writer), rename, fsync of the parents. BLOB_EXISTS: that crash is on stable
 * storage; the caller compares and discards. On any other failure the folder is still the caller's
 * to discard. */
int blob_crash_commit(struct blob_store *s, const char *name, int fd, const char *crash_id);
/* Removes a folder begun but not committed. */
void blob_crash_discard(struct blob_store *s, const char *name);
/* Removes all that is kept of a crash; BLOB_NOT_FOUND. */
int blob_crash_remove(struct blob_store *s, const char *crash_id);
/* The folder of a crash as O_PATH|O_DIRECTORY descriptor; BLOB_NOT_FOUND. */
int blob_crash_open(struct blob_store *s, const char *crash_id, int *ret_fd);
/* The same, for reading: *at(2) calls may make files in it, and fsync it. */
int blob_crash_folder(struct blob_store *s, const char *crash_id, int *ret_fd);
/* One file of a crash, read-only; BLOB_NOT_FOUND. name is a literal of ours: "meta.json",
 * "core.zst". */
int blob_crash_file(struct blob_store *s, const char *crash_id, const char *name, int *ret_fd);
/* The whole of meta.json or analysis.json appended to b; BLOB_NOT_FOUND. */
int blob_crash_read(struct blob_store *s, const char *crash_id, const char *name, struct buf *b);
/* Writes analysis.json whole by rename, without fsync: it can be made again from the core. */
int blob_crash_write_analysis(struct blob_store *s, const char *crash_id, struct str json);

/* --- Pending entries --- */

int blob_pending_add(struct blob_store *s, const char *crash_id);
/* Removing one that is not there is fine. */
int blob_pending_remove(struct blob_store *s, const char *crash_id);
/* True when the crash waits for a worker. */
bool blob_pending_has(struct blob_store *s, const char *crash_id);
/* Calls each entry older than min_age_usec (by mtime; names that are no crash ids are passed over)
 * until fn returns non-zero, which is then returned. */
int blob_pending_each(struct blob_store *s, int64_t min_age_usec,
                      int (*fn)(const char *crash_id, void *arg), void *arg);

/* --- Partial entries --- */

/* The crashes that have an unfinished full core, so that nobody has to look through all crashes for
 * those that will never be finished. As for pending entries. */
int blob_partial_add(struct blob_store *s, const char *crash_id);
int blob_partial_remove(struct blob_store *s, const char *crash_id);
int blob_partial_each(struct blob_store *s, int64_t min_age_usec,
                      int (*fn)(const char *crash_id, void *arg), void *arg);

/* --- Modules --- */

const char *module_kind_name(enum module_kind k);
int module_kind_parse(struct str s, enum module_kind *ret);
/* Opens a stored module; BLOB_NOT_FOUND. build_id must be hex_valid (BLOB_NOT_FOUND otherwise). */
int blob_module_open(struct blob_store *s, const char *build_id, enum module_kind k, int *ret_fd);
bool blob_module_has(struct blob_store *s, const char *build_id, enum module_kind k);
/* True when the module came into the store at that time or later, as the store's clock has it. */
bool blob_module_since(struct blob_store *s, const char *build_id, enum module_kind k,
                       int64_t usec);
/* An unnamed file (O_TMPFILE) in the store for a module in the making. */
int blob_module_begin(struct blob_store *s, int *ret_fd);
/* fsyncs it and gives it its name; BLOB_EXISTS. */
int blob_module_commit(struct blob_store *s, int fd, const char *build_id, enum module_kind k);
/* A number that is another one when a module was stored meanwhile. */
uint64_t blob_modules_changed(struct blob_store *s);

/* Beside a module lies what workers have made of it, its index; unlike all else here it may be
 * replaced, removed and made again. The folder modules/, and where in it that file belongs;
 * BLOB_NOT_FOUND when the build-id is not valid. */
int blob_modules_folder(struct blob_store *s, int *ret_fd);
int blob_index_path(const char *build_id, char ret[static BLOB_PATH_SIZE]);

/* Removes what is left in tmp/ from before now - age. */
int blob_sweep_tmp(struct blob_store *s, int64_t age_usec);

#endif
