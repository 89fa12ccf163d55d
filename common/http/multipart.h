/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming reader of multipart/form-data (RFC 7578 over RFC 2046): fed with bytes as they come, it
 * calls back with the start, the bytes and the end of each part. Its own memory is bounded whatever
 * the input; a part's bytes are passed on and never kept. Pure. (libmicrohttpd's own post processor
 * had CVE-2023-27371 and cannot tell why it failed.) */
#ifndef CORRAL_HTTP_MULTIPART_H
#define CORRAL_HTTP_MULTIPART_H

#include <stddef.h>

#include "common/base/str.h"

#define MULTIPART_BOUNDARY_MAX 70   /* RFC 2046 section 5.1.1 */
#define MULTIPART_HEADER_MAX   4096 /* all header lines of one part */
#define MULTIPART_PARTS_MAX    128

enum multipart_outcome {
    MULTIPART_BAD_TYPE = 1, /* the Content-Type is not multipart/form-data with a usable boundary */
    MULTIPART_MALFORMED,    /* text where a boundary or a header should be */
    MULTIPART_TOO_MANY,     /* over MULTIPART_PARTS_MAX or MULTIPART_HEADER_MAX */
    MULTIPART_TRUNCATED,    /* the body ended before the closing boundary */
};

struct multipart_events {
    /* name and filename (p == NULL: none) of Content-Disposition, content type ("" when none).
     * Non-zero stops the reader and is returned by multipart_feed. */
    int (*part)(void *arg, struct str name, struct str filename, struct str content_type);
    int (*data)(void *arg, const void *p, size_t n);
    int (*part_end)(void *arg);
};

struct multipart;

/* MULTIPART_BAD_TYPE. */
int multipart_new(const char *content_type, const struct multipart_events *events, void *arg,
                  struct multipart **ret);
void multipart_free(struct multipart *m);
/* Positive: an outcome above. Negative: what a callback returned (callbacks return negative values
 * to stop). */
int multipart_feed(struct multipart *m, const void *p, size_t n);
/* At the end of the body: 0 or MULTIPART_TRUNCATED. */
int multipart_finish(const struct multipart *m);

#endif
