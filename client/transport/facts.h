/* SPDX-License-Identifier: Apache-2.0 */
/* What the handler says about a full core when it is complete (full.json of the spool's entry), as
 * the headers that go with the core's last bytes. Pure. */
#ifndef CORRAL_CLIENT_TRANSPORT_FACTS_H
#define CORRAL_CLIENT_TRANSPORT_FACTS_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define FACTS_PROBLEM_MAX 1024

struct facts {
    int64_t core_bytes, core_expected; /* META_UNKNOWN */
    const char *core_problem;          /* NULL: it is all there */
};

/* Of a handler that could not say anything any more. */
struct facts facts_of_dead_handler(void);
/* What can't be read is unknown. A core that was cut has a problem, be it said or not. */
struct facts facts_parse(struct str json, struct arena *a);
/* The header lines ("Name: value"), NULL behind the last, at most FACTS_HEADERS_MAX of them. */
#define FACTS_HEADERS_MAX 4
void facts_headers(const struct facts *f, struct arena *a, const char *ret[FACTS_HEADERS_MAX]);

#endif
