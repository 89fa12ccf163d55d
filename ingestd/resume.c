/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/resume.h"

#include <errno.h>
#include <string.h>

#include "common/base/str.h"
#include "common/report/meta.h"

/* RFC 8941 allows 15 digits: 909 TB are enough. */
#define NUMBER_MAX 999999999999999ull

static int read_number(const char *text, uint64_t *ret)
{
    return str_to_u64(str_from(text), NUMBER_MAX, ret);
}

static int read_size(const char *text, int64_t *ret)
{
    uint64_t n;

    if (!text)
        return 0;
    if (read_number(text, &n) < 0)
        return -EINVAL;
    *ret = (int64_t)n;
    return 0;
}

const char *resume_parse(const struct resume_headers *h, struct resume *ret)
{
    struct resume r = {.core_bytes = META_UNKNOWN, .core_expected = META_UNKNOWN};

    if (!h->offset || read_number(h->offset, &r.offset) < 0)
        return "Upload-Offset must be the number of bytes that the server has, as HEAD tells it.";
    if (h->complete && strcmp(h->complete, "?0") != 0 && strcmp(h->complete, "?1") != 0)
        return "Upload-Complete must be ?1 with the last bytes, otherwise ?0.";
    r.complete = h->complete && h->complete[1] == '1';
    if (read_size(h->core_bytes, &r.core_bytes) < 0 ||
        read_size(h->core_expected, &r.core_expected) < 0)
        return "Corral-Core-Bytes and Corral-Core-Expected must be numbers of bytes.";
    if (h->core_problem && strlen(h->core_problem) > RESUME_PROBLEM_MAX)
        return "Corral-Core-Problem is longer than 1024 bytes.";
    r.core_problem = cstr_empty(h->core_problem) ? NULL : h->core_problem;
    *ret = r;
    return NULL;
}
