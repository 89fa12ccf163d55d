/* SPDX-License-Identifier: Apache-2.0 */
/* A core file of a process that another one holds by ptrace(2): what the kernel would have written
 * (core(5), fs/binfmt_elf.c), without core_pattern having a say. */
#ifndef CORRAL_CLIENT_CTL_DEMO_CORE_H
#define CORRAL_CLIENT_CTL_DEMO_CORE_H

#include <stddef.h>
#include <sys/types.h>

#define CORE_THREADS_HELD_MAX 64

/* Threads are in ptrace-stop, the one that takes a signal first. *ret_fd is an unnamed file, the
 * caller's. -errno. */
int core_of_held(pid_t pid, const pid_t *threads, size_t n, int *ret_fd);

#endif
