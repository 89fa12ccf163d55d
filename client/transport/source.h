/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a request body come from: a part of a file, as it is or compressed on the way,
 * or a file and behind it what a pipe still brings. The callbacks have libcurl's shape. */
#ifndef CORRAL_CLIENT_TRANSPORT_SOURCE_H
#define CORRAL_CLIENT_TRANSPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>
#include <zstd.h>

struct source {
    int fd;              /* of a regular file, borrowed */
    uint64_t begin, end; /* the part of it */
    uint64_t at;
    int pipe;        /* read behind it; -1: none */
    uint64_t piped;  /* bytes that came from the pipe, which do not come again */
    ZSTD_CCtx *zstd; /* NULL: as it is */
    char *block;     /* what is read but not compressed yet */
    size_t block_at, block_n;
    bool ended; /* the compressed frame is whole */
    int error;  /* -errno of a read that failed */
};

/* Bytes from begin to end of the file. */
struct source source_range(int fd, uint64_t begin, uint64_t end);
/* The first n bytes of the file, then the pipe until its end. */
struct source source_pipe(int fd, uint64_t n, int pipe);
/* The first n bytes of the file, compressed. Dies when memory is out. */
struct source source_zstd(int fd, uint64_t n);
void source_fini(struct source *s);

/* CURLOPT_READFUNCTION and CURLOPT_SEEKFUNCTION (to the start alone, when a transfer begins anew on
 * another connection). */
size_t source_read(char *data, size_t size, size_t n, void *source);
int source_seek(void *source, curl_off_t offset, int whence);

#endif
