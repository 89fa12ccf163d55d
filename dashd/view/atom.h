/* SPDX-License-Identifier: Apache-2.0 */
/* An Atom feed (RFC 4287) from plain values. All texts may be hostile: they are escaped, what XML
 * has no room for (W3C XML 1.0, section 2.2) becomes U+FFFD, and what would not be seen becomes
 * visible. Ids are tag: URIs (RFC 4151), which stay what they are when the server's address gets
 * another scheme or port. Pure. */
#ifndef CORRAL_DASHD_VIEW_ATOM_H
#define CORRAL_DASHD_VIEW_ATOM_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"

/* "https://crash.example:8443/corral", "groups/142" → "tag:crash.example,2026:corral/groups/142".
 * specific is ours or percent-encoded. */
const char *atom_id(struct arena *a, const char *public_url, const char *specific);

struct atom_head {
    const char *id, *title;
    int64_t updated;         /* of the newest entry; 0: there is none */
    const char *self, *page; /* addresses of the feed and of what it is about */
};
struct atom_entry {
    const char *id, *title, *summary;
    int64_t updated;
    const char *page;
    const char *category;
};

void atom_begin(struct buf *b, const struct atom_head *h);
void atom_entry(struct buf *b, const struct atom_entry *e);
void atom_end(struct buf *b);

#endif
