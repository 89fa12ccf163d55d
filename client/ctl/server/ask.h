/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the REST API of the dashboard. Each function returns an exit status, after having
 * said what is wrong when it is not CTL_OK. */
#ifndef CORRAL_CLIENT_CTL_SERVER_ASK_H
#define CORRAL_CLIENT_CTL_SERVER_ASK_H

#include <jansson.h>

#include "client/ctl/verbs.h"
#include "common/report/jsontree.h"

#define ASK_BODY_MAX  (32u * 1024 * 1024)
#define ASK_LIMIT_MAX 200 /* rows of one answer */

/* An object, to be released by json_decref. */
int ask_get(const struct access *a, struct connection *c, const char *path, json_t **ret);
/* form: fields as ask_add makes them; "" for none. */
int ask_post(const struct access *a, struct connection *c, const char *path, const char *form,
             json_t **ret);
/* The body as it came, appended to b. */
int ask_text(const struct access *a, struct connection *c, const char *path, struct buf *b);

/* Appends "key=value" percent-encoded, behind "&" or, to a path without a query, "?"; nothing when
 * the value is NULL. To an empty buffer it appends neither: the first field of a form. */
void ask_add(struct buf *b, const char *key, const char *value);

/* A value alone, as it may stand in an address. */
void ask_add_encoded(struct buf *b, const char *value);

/* Up to `limit` rows of a list, over as many pages as that takes: path is the first one's without
 * limit and cursor, rows the list's name. *ret is an array. */
int ask_list(const struct access *a, struct connection *c, const char *path, const char *rows,
             long limit, json_t **ret);

#endif
