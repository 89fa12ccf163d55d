/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of /proc/PID (proc(5)) and of os-release(5), parsed. A process chooses its name, its
 * command line and the paths of its files, so each of these texts may try to look like something
 * else: stat is read from its last parenthesis, lines of maps by position. Pure; slices are
 * borrowed from the text. */
#ifndef CORRAL_CLIENT_HANDLER_PROCFS_H
#define CORRAL_CLIENT_HANDLER_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define PROCFS_DUMPING 0x200u /* PF_DUMPCORE of include/linux/sched.h, in the flags of stat */

enum procfs_outcome {
    PROCFS_MALFORMED = 1,
};

struct procfs_stat {
    char state;
    uint64_t flags;
    uint64_t parent;
    uint64_t start_ticks; /* since boot, sysconf(_SC_CLK_TCK) a second */
    /* Where its argv and environ lie in its memory; 0 when it does not say. */
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
};

int procfs_parse_stat(struct str text, struct procfs_stat *ret);

struct procfs_mapping {
    uint64_t start, end, offset;
    bool executable;
    uint64_t device_major, device_minor, inode; /* all 0: no file */
    struct str path; /* escaped: newline is \012; "" when there is none */
};

/* One line of maps, without its newline. */
int procfs_parse_mapping(struct str line, struct procfs_mapping *ret);
/* Undoes the escapes of a path in maps, in place, and cuts the " (deleted)" that the kernel adds.
 * Returns the length. */
size_t procfs_unescape(char *path, size_t n);

/* The path of the process' control group: the unified hierarchy's, or systemd's own where that one
 * is empty. PROCFS_MALFORMED. */
int procfs_parse_cgroup(struct str text, struct str *ret_path);
/* The innermost service or scope on such a path; the empty slice when there is none. */
struct str procfs_unit(struct str cgroup);

/* auxv as an array of pairs of words: true when the program was started set-uid or alike (AT_SECURE
 * of getauxval(3)), and when the array does not say so plainly. */
bool procfs_auxv_secure(const void *auxv, size_t n);

/* The value of another type in it (getauxval(3)); 0: not there. */
uint64_t procfs_auxv_value(const void *auxv, size_t n, uint64_t type);

/* "Pid:" of /proc/self/fdinfo of a pidfd. PROCFS_MALFORMED. */
int procfs_parse_pidfd(struct str text, int64_t *ret_pid);

/* A value of os-release without its quotes; the empty slice when the key is not there. */
struct str procfs_os_release(struct str text, struct str key);

#endif
