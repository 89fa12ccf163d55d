/* SPDX-License-Identifier: Apache-2.0 */
/* The package that an executable says it is of: a note of the owner "FDO" in the ELF file, with a
 * JSON object in it (systemd's "Package Metadata for Executable Files"). It lies in the first pages
 * of the program, so it is read from the process' memory and no file is opened. The program wrote
 * it: it is what it says, not what it is. */
#ifndef CORRAL_CLIENT_HANDLER_PACKAGE_NOTE_H
#define CORRAL_CLIENT_HANDLER_PACKAGE_NOTE_H

#include "client/slim/slim.h"
#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/report/meta.h"

/* auxv: of a process of 64 bits. Fills package, package_version, package_architecture and
 * package_source ("note"), and version where it is unknown. */
void package_note_read(const struct slim_source *memory, struct str auxv, struct arena *a,
                       struct crash_meta *m);

/* --- Pure --- */

struct package_note {
    struct str name, version, architecture; /* "" where it does not say; borrowed from the text */
};

/* The notes of one segment: the JSON of the package's, or the empty slice. */
struct str package_note_find(struct str notes);
/* A flat JSON object of texts; members of any other type, and texts with escapes, are passed over.
 * False for anything else. */
bool package_note_parse(struct str json, struct package_note *ret);

#endif
