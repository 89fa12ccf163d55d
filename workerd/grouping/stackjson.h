/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as people and tests write it, for corral-workerd --fingerprint:
 *
 *   {"signal": 11 | "SIGSEGV", "si_code": 1 | "SEGV_MAPERR", "message": "…",
 *    "executable": "/usr/bin/app",
 *    "frames": [{"function", "file", "line", "module", "build_id", "offset", "inline"}]}
 *
 * innermost frame first, every member optional, null is missing, unknown ones are passed over.
 * Numbers may be texts, an offset also "0x1f". gdb's "??" is no function, "<signal handler called>"
 * a trampoline. In place of frames, "gdb" may hold what gdb's bt printed; what its text says of the
 * rest counts where the member is missing. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_STACKJSON_H
#define CORRAL_WORKERD_GROUPING_STACKJSON_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"
#include "workerd/grouping/fingerprint.h"

#define STACKJSON_MAX (16u * 1024 * 1024) /* bytes of text */

struct stackjson_error {
    int line, column; /* 1-based, of a syntax error; 0 when the JSON is well-formed */
    char pointer[80]; /* RFC 6901, of a member with the wrong type */
    char message[192];
};

/* -EBADMSG with *ret_error filled. */
int stackjson_parse(struct str json, struct arena *a, struct crash_stack *ret,
                    struct stackjson_error *ret_error);
/* The same of an object or an array of them. */
int stackjson_parse_all(struct str json, struct arena *a, struct crash_stack **ret, size_t *ret_n,
                        struct stackjson_error *ret_error);
/* An object {"title", "fingerprint", "version", "class", "tag", "detail", "tags", "keys", "frames"}
 * and a newline. */
void stackjson_format(const struct crash_stack *stack, const struct grouping *g, const char *title,
                      struct buf *b);

#endif
