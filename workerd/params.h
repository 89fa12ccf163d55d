/* SPDX-License-Identifier: Apache-2.0 */
/* Values as parameters of statements: texts on the caller's stack, or in an arena. */
#ifndef CORRAL_WORKERD_PARAMS_H
#define CORRAL_WORKERD_PARAMS_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/report/versionorder.h"
#include "common/store/db.h"

#include "workerd/group.h"

#define RUN(d, q, params, ret) db_run((d), &(q), (params), ARRAY_SIZE(params), (ret))

struct number {
    char text[24];
};
struct number number(int64_t n);

/* timestamptz, to the microsecond. */
struct moment {
    char text[CLOCK_TEXT_SIZE];
};
struct moment moment(int64_t usec);

/* For results: timestamptz as microseconds. */
#define USEC(t) "(extract(epoch FROM " t ") * 1000000)::bigint"

/* bytea in its hexadecimal form. */
struct digest_text {
    char text[3 + 2 * SHA256_SIZE];
};
struct digest_text digest_text(const uint8_t digest[SHA256_SIZE]);

/* The order of a version (common/report/versionorder.h) as bytea; empty: it has none. */
struct order_text {
    char text[3 + 2 * VERSION_ORDER_MAX];
};
struct order_text order_text(const char *version);

/* text[] in its external form, every element quoted. */
const char *array_text(const struct text_set *set, struct arena *a);

#endif
