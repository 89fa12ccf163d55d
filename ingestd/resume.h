/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of an upload that goes on where the last one ended, after draft-ietf-httpbis-
 * resumable-upload: Upload-Offset is an integer, Upload-Complete a boolean (?0, ?1) of RFC 8941.
 * With the last bytes of a core come its facts. Pure. */
#ifndef CORRAL_INGESTD_RESUME_H
#define CORRAL_INGESTD_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#define RESUME_PROBLEM_MAX 1024 /* as core_problem of the metadata */

/* Values as they came; NULL: not sent. */
struct resume_headers {
    const char *offset, *complete, *core_bytes, *core_expected, *core_problem;
};

struct resume {
    uint64_t offset;
    bool complete;                     /* these are the last bytes */
    int64_t core_bytes, core_expected; /* META_UNKNOWN */
    const char *core_problem;          /* NULL; borrowed */
};

/* NULL, or what is wrong with them, for people. */
const char *resume_parse(const struct resume_headers *h, struct resume *ret);

#endif
