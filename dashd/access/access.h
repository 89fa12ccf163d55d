/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and may they. A route's tag names the rights it needs; `access_before` runs before
 * every handler and lets nothing through that a route does not open: people come with a session
 * cookie, programs with a bearer token (under /api/v1 and /buildid only). A request that changes
 * something must show that it was sent by a page of ours: by the session's CSRF token in its form,
 * and by the headers with which browsers tell where a request comes from. */
#ifndef CORRAL_DASHD_ACCESS_ACCESS_H
#define CORRAL_DASHD_ACCESS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/server.h"

/* Tags of routes. */
enum access_tag {
    MAY_READ = 1 << 0,    /* lists, groups, stacks */
    MAY_TRIAGE = 1 << 1,  /* resolve, reopen */
    MAY_CORE = 1 << 2,    /* memory of crashed processes: cores, and all of a restricted event */
    MAY_ALL = 1 << 3,     /* administration */
    MAY_SYMBOLS = 1 << 4, /* the files that programs are made of */
    RIGHTS = MAY_READ | MAY_TRIAGE | MAY_CORE | MAY_ALL | MAY_SYMBOLS,

    ANYONE = 1 << 8,   /* no session needed: sign-in, static files, health */
    PROGRAMS = 1 << 9, /* a route of the API: problem+json, bearer tokens */
    FEED = 1 << 10,    /* of it one for feed readers, which know passwords only: a token as such */
};

struct identity {
    unsigned rights;
    int64_t user_id;   /* 0: a token */
    int64_t token_id;  /* 0: a user */
    const char *name;  /* of the user or the token */
    const char *role;  /* or scope */
    const char *actor; /* for the audit log: "user:NAME", "token:ID" */
    const char *csrf;  /* of the session, never shown bare (mask.h); NULL: a token */
};

int access_before(struct request *q, const struct route *route, struct response *r);

/* Who asks; NULL where the route is open to anyone and nobody is signed in. */
const struct identity *access_identity(struct request *q);
bool access_has(struct request *q, unsigned rights);

unsigned access_rights_of_role(const char *role);
unsigned access_rights_of_scope(const char *scope);

/* For handlers of forms, first of all: 0, or non-zero with the response filled in. */
int access_check_form(struct request *q, struct response *r);

/* Whether a browser says that the request comes from a page of this site, or no browser says
 * anything. Pure. */
struct access_origin {
    const char *fetch_site; /* Sec-Fetch-Site, NULL when not sent */
    const char *origin;     /* Origin, NULL when not sent */
    const char *host;       /* Host */
    const char *public_url;
};
bool access_same_site(const struct access_origin *o);

/* Where to go after signing in: the path itself when it is one of ours, else "/". Pure. */
const char *access_safe_path(const char *path);

#endif
