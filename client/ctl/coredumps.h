/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd-coredump keeps: files core.COMM.UID.BOOT-ID.PID.USEC[.zst] in a folder, and an entry
 * of the journal for each (systemd.journal-fields(7), systemd-coredump(8)). All of it was written
 * by strangers' programs. Pure. */
#ifndef CORRAL_CLIENT_CTL_COREDUMPS_H
#define CORRAL_CLIENT_CTL_COREDUMPS_H

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/report/meta.h"

#define COREDUMPS_FOLDER  "/var/lib/systemd/coredump"
#define COREDUMPS_MESSAGE "fc2e22bc6ee647b6b90729ab34a250b1"

enum coredump_packing { COREDUMP_PLAIN, COREDUMP_ZSTD, COREDUMP_OTHER };

struct coredump {
    char id[UUID_TEXT_SIZE]; /* made of the name, so that a second import is the same crash */
    const char *file;        /* path as the journal has it, or the name in the folder */
    enum coredump_packing packing;
    int64_t at; /* usec since the epoch */
};

/* By a file's name; false when it is none of theirs. */
bool coredump_name(const char *file, struct arena *a, struct coredump *ret);
/* By a line of `journalctl -o json`, with the fields of the report that it knows; false when it is
 * no crash, or no file was kept. */
bool coredump_entry(struct str line, struct arena *a, struct coredump *ret,
                    struct crash_meta *meta);

#endif
