/* SPDX-License-Identifier: Apache-2.0 */
/* A program that is run until it crashes, and its core. It is held by ptrace(2) when the signal
 * comes and ends without the kernel having dumped anything, so core_pattern is neither used nor
 * changed. */
#ifndef CORRAL_CLIENT_CTL_DEMO_CRASH_H
#define CORRAL_CLIENT_CTL_DEMO_CRASH_H

enum crash_outcome {
    CRASH_NONE = 1, /* it ended in another way */
};

/* *ret_fd: the core, an unnamed file, the caller's. -errno when it can't be run or held. */
int crash_program(const char *path, int *ret_fd);

#endif
