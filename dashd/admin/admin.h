/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: users and tokens, each change with its row in the audit log. Page and API share
 * these. A wish that cannot be done is answered by status and words; what a change makes that is
 * shown only once (a password, a token) is its secret. */
#ifndef CORRAL_DASHD_ADMIN_ADMIN_H
#define CORRAL_DASHD_ADMIN_ADMIN_H

#include "common/http/request.h"
#include "dashd/admin/queries.h"

struct administered {
    unsigned status;     /* 0: it was done */
    const char *problem; /* else: what is wrong, and what would be right */
    const char *field;   /* which is wrong; NULL: none */
    const char *secret;  /* NULL: none */
    int64_t id;          /* of a new token */
};

typedef int administer(struct request *q, struct administered *ret);

/* By the fields of a form. Outcomes of db.h. */
int admin_add_user(struct request *q, struct administered *ret);     /* name, role */
int admin_change_user(struct request *q, struct administered *ret);  /* {name}; do, role */
int admin_add_token(struct request *q, struct administered *ret);    /* name, scope, days */
int admin_revoke_token(struct request *q, struct administered *ret); /* {id} */
/* The own password: old, new. Of a session only. */
int admin_own_password(struct request *q, struct administered *ret);

/* actor, action, subject and before of the address. */
struct audit_filter audit_filter_of(struct request *q);

#endif
