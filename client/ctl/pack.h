/* SPDX-License-Identifier: Apache-2.0 */
/* A core file, compressed into an unnamed file for its upload: memory does not depend on its size,
 * and nothing is left behind. */
#ifndef CORRAL_CLIENT_CTL_PACK_H
#define CORRAL_CLIENT_CTL_PACK_H

/* The descriptor of the compressed file, at its start, is the caller's. It lies in $TMPDIR, else
 * /var/tmp. */
int pack_file(int fd, int *ret_fd);

#endif
