/* SPDX-License-Identifier: Apache-2.0 */
/* Through the coredump socket the kernel tells no more than which process crashed. What it gives a
 * program of core_pattern as arguments is gathered here from /proc, with the same meanings: the
 * signal, the thread (the one that is marked as writing the core), its processor and name, the host
 * name of its namespace, its limit for cores. What can't be read stays unknown. Nothing here waits
 * for the process' memory or for a file system of its choice. */
#ifndef CORRAL_CLIENT_HANDLER_WITNESS_H
#define CORRAL_CLIENT_HANDLER_WITNESS_H

#include <stdbool.h>

#include "client/process/arguments.h"
#include "client/handler/coredump_socket.h"
#include "common/base/str.h"

#define WITNESS_HOSTNAME_SIZE 65 /* __NEW_UTS_LEN of include/uapi/linux/utsname.h, and the NUL */
#define WITNESS_COMM_SIZE     64
#define WITNESS_PATH_SIZE     4096

struct witness {
    struct arguments args; /* its texts are the next three */
    char hostname[WITNESS_HOSTNAME_SIZE], comm[WITNESS_COMM_SIZE], path[WITNESS_PATH_SIZE];
};

enum witness_outcome {
    WITNESS_MALFORMED = 1,
};

/* What a few microseconds tell: ids, the name of the first thread, the path. Never waits. args has
 * no pidfd. */
void witness_glance(const struct coredump_peer *peer, const char *conf_path, struct witness *ret);
/* All of it. The peer's pidfd is borrowed, and must stay open as long as the arguments are used.
 * -errno when there is no such process any more. */
int witness_read(const struct coredump_peer *peer, const char *conf_path, struct witness *ret);

/* --- Texts of /proc; pure --- */

struct witness_task {
    uint64_t flags, cpu;
    uint64_t ending; /* field 52, as wait(2) has it: of the whole process the signal that ends it */
};

/* stat, of the process or of task/TID. WITNESS_MALFORMED. */
int witness_parse_task(struct str text, struct witness_task *ret);
/* The soft limit for cores in /proc/PID/limits; UINT64_MAX for "unlimited". WITNESS_MALFORMED. */
int witness_parse_limits(struct str text, uint64_t *ret_core);

#endif
