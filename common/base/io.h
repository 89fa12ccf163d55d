/* SPDX-License-Identifier: Apache-2.0 */
/* Files and descriptors, with the short read, the interrupted call and the power cut handled in one
 * place. */
#ifndef CORRAL_BASE_IO_H
#define CORRAL_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/buf.h"

/* Reads until n bytes or the end of the file; returns how many, or -errno. */
ssize_t io_read(int fd, void *p, size_t n);
ssize_t io_pread(int fd, void *p, size_t n, off_t offset);
/* Writes all of it. */
int io_write(int fd, const void *p, size_t n);

/* Appends the whole of a regular file, pipe or /proc file to b; -E2BIG beyond b's maximum. */
int io_read_fd(int fd, struct buf *b);
int io_read_file(int dir_fd, const char *path, struct buf *b);

/* Makes a file whole or not at all: written under a temporary name in the same folder, fsynced,
 * renamed onto its name, folder fsynced. dir_fd and path as for openat(2). */
int io_publish(int dir_fd, const char *path, const void *p, size_t n, mode_t mode);
/* As io_publish but without either fsync: whole under kill -9, not under a power cut. */
int io_replace(int dir_fd, const char *path, const void *p, size_t n, mode_t mode);

/* fsync of a folder by descriptor (O_PATH is not enough) or by path. */
int io_sync_dir(int dir_fd, const char *path);

/* mkdir -p below dir_fd. Existing folders are fine; only those that were made get the mode. */
int io_mkdirs(int dir_fd, const char *path, mode_t mode);
/* rm -r of path below dir_fd, never following a symlink; no error when it is not there. */
int io_remove_tree(int dir_fd, const char *path);

/* Moves fds 0-2 out of danger: whatever of them is closed is opened on /dev/null. */
int io_repair_stdio(void);

#endif
