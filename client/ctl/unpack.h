/* SPDX-License-Identifier: Apache-2.0 */
/* A core out of zstd, into a file with holes where it is all zeros: most of a core is. */
#ifndef CORRAL_CLIENT_CTL_UNPACK_H
#define CORRAL_CLIENT_CTL_UNPACK_H

#include <stdint.h>

#define UNPACK_SIZE_MAX (1ull << 40) /* bytes of a file, with its holes */

/* From the start of one file to another that is empty, which takes at most max bytes of disk. What
 * is not in zstd is copied. -EBADMSG: damaged; -EFBIG: too large; -errno. */
int unpack_file(int from, int to, uint64_t max);
/* Into an unnamed file in $TMPDIR or /var/tmp, at most UNPACK_TEMPORARY_MAX bytes of it. */
#define UNPACK_TEMPORARY_MAX (64ull << 30)
int unpack_temporary(int from, int *ret_fd);

#endif
