/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings and validators (RFC 9110 sections 8.4, 8.8.3, 12.5.3): which coding a client
 * likes, whether it has the same content already, and the coding itself. Pure. */
#ifndef CORRAL_HTTP_ENCODING_H
#define CORRAL_HTTP_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/str.h"

/* Shorter ones fit into the packet that carries their head, or hardly shrink. */
#define ENCODING_BODY_MIN 1024

enum encoding { ENCODING_IDENTITY, ENCODING_ZSTD, ENCODING_GZIP, ENCODING_COUNT };

/* "gzip"; NULL for identity. */
const char *encoding_name(enum encoding e);
/* By an Accept-Encoding, NULL when none was sent: the coding with the highest weight, of equal ones
 * zstd. A weight that can't be read is 0. */
enum encoding encoding_choose(const char *accept);
/* Whether bodies of this Content-Type shrink: text of any kind. */
bool encoding_shrinks(const char *content_type);
/* Appends the coded body; false when it is not shorter, or memory is out: the body is to be sent as
 * it is. ret is empty, and its limit is set here. */
bool encoding_apply(enum encoding e, struct str body, struct buf *ret);

/* Whether an If-None-Match (NULL: not sent) names this entity tag, strong or weak. */
bool encoding_tag_matches(const char *if_none_match, const char *tag);

#endif
