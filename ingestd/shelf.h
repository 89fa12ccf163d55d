/* SPDX-License-Identifier: Apache-2.0 */
/* Where the running digests of unfinished cores stand between two requests, so that the end of a
 * large core does not begin with reading all of it again. A few places: whoever finds his taken by
 * others reads. No io; any thread. */
#ifndef CORRAL_INGESTD_SHELF_H
#define CORRAL_INGESTD_SHELF_H

#include <stdint.h>

#include "common/base/digest.h"

#define SHELF_PLACES 64

struct shelf;

struct shelf *shelf_new(void);
void shelf_free(struct shelf *s);
/* Takes the digest over; it is of the first n bytes of that crash's core. NULL is fine. */
void shelf_put(struct shelf *s, const char *crash_id, uint64_t n, struct digest *d);
/* The digest of just so many bytes, the caller's from now on; NULL. */
struct digest *shelf_take(struct shelf *s, const char *crash_id, uint64_t n);

#endif
