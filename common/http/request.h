/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what it asked for, its arena, its body. All texts are NUL-terminated valid UTF-8
 * (other bytes became '?'), percent-decoded where the standard says so, borrowed until the request
 * is done, and hostile. Only the thread that runs the request's handler may call these. */
#ifndef CORRAL_HTTP_REQUEST_H
#define CORRAL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

struct form;
struct request;

struct arena *request_arena(struct request *q);
void *request_app(struct request *q);
/* The program's own pointer for this request: its session, its upload. */
void *request_data(struct request *q);
void request_set_data(struct request *q, void *data);
/* A second one, set by `before`: who is asking. */
void *request_identity(struct request *q);
void request_set_identity(struct request *q, void *identity);

const char *request_method(struct request *q);
const char *request_path(struct request *q); /* decoded, without the base path */
const char *request_base_path(struct request *q);
const char *
request_target(struct request *q);         /* path and query as they came, without the base path */
const char *request_id(struct request *q); /* made by us, shown in errors and logs */
const char *request_remote(struct request *q); /* address of the client, without the port */
/* The value of a {name} of the route's pattern; asserts that it is there. */
const char *request_param(struct request *q, const char *name);
/* NULL when not given; the first one when given twice. */
const char *request_query(struct request *q, const char *name);
const char *request_header(struct request *q, const char *name);
const char *request_cookie(struct request *q, const char *name);
/* -1 when the request does not tell (chunked) or has no body. */
int64_t request_content_length(struct request *q);
/* The buffered body; empty for streamed ones. */
struct str request_body(struct request *q);
/* A field of a buffered body, application/x-www-form-urlencoded or a JSON object (form.h); NULL
 * when not given. */
const char *request_form(struct request *q, const char *name);
/* All of them, in their order. */
const struct form *request_fields(struct request *q);
/* The token of `Authorization: Bearer …`, or NULL. */
const char *request_bearer(struct request *q);

#endif
