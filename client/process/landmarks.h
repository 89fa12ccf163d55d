/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that make a module matter: where each thread was, the words on top of its stack
 * (return addresses are among them), where the program and its loader begin. Read only of a process
 * that has more modules than are kept. Bounded, and none of it believed: what a process writes on
 * its stack decides no more than which of its own files are named first. */
#ifndef CORRAL_CLIENT_HANDLER_LANDMARKS_H
#define CORRAL_CLIENT_HANDLER_LANDMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define LANDMARKS_MAX         131072u
#define LANDMARKS_THREADS_MAX 256u
#define LANDMARKS_STACK       4096u /* bytes of each thread's, from its stack pointer on */

struct landmarks {
    uint64_t *addresses; /* sorted, on the heap */
    size_t n;
};

/* process_dir: /proc/PID. Leaves out what can't be read. */
void landmarks_read(int process_dir, struct landmarks *ret);
void landmarks_free(struct landmarks *l);
bool landmarks_any(const struct landmarks *l, uint64_t start, uint64_t end);

/* kstkesp and kstkeip of a stat file (proc(5)); false when it has none. Pure. */
bool landmarks_parse_stat(struct str text, uint64_t *ret_sp, uint64_t *ret_pc);

#endif
