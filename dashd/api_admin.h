/* SPDX-License-Identifier: Apache-2.0 */
/* Administration by REST, for tokens of scope admin: users, tokens, the audit log. */
#ifndef CORRAL_DASHD_API_ADMIN_H
#define CORRAL_DASHD_API_ADMIN_H

#include "common/http/request.h"
#include "common/http/response.h"

void api_users(struct request *q, struct response *r);
void api_user_add(struct request *q, struct response *r);
void api_user_change(struct request *q, struct response *r);
void api_tokens(struct request *q, struct response *r);
void api_token_add(struct request *q, struct response *r);
void api_token_revoke(struct request *q, struct response *r);
void api_audit(struct request *q, struct response *r);

#endif
