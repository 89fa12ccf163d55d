/* SPDX-License-Identifier: Apache-2.0 */
/* The Debian package that an executable of this host is of, from dpkg's own files. Read natively:
 * nothing is started. Each installed package has a list of its paths (info/NAME.list) and a
 * paragraph in `status`; the lists are searched for the path, which costs some milliseconds for a
 * thousand packages and is bounded. To be done when the process has been let go. */
#ifndef CORRAL_CLIENT_HANDLER_PACKAGE_H
#define CORRAL_CLIENT_HANDLER_PACKAGE_H

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/report/meta.h"

#define PACKAGE_DATABASE "/var/lib/dpkg"

/* For a process that sees the host's files (process.h): fills package, package_version,
 * package_architecture and package_source ("dpkg"), and version where it is unknown, if m's
 * executable is of a package. What the executable says of itself gives way. memo_dir: where the
 * search is remembered (package_memo.h); -1: nowhere. */
void package_read(const char *database, int memo_dir, struct arena *a, struct crash_meta *m);

/* --- Pure --- */

struct package_status {
    struct str version, architecture; /* "" where it does not say; borrowed from the text */
};

/* The paragraph of that package in the text of `status`; architecture "" for any. */
bool package_status_find(struct str text, struct str name, struct str architecture,
                         struct package_status *ret);

#endif
