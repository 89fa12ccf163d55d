/* SPDX-License-Identifier: Apache-2.0 */
/* What people say of groups (docs/workflow.md), for many of them in one request. */
#ifndef CORRAL_CLIENT_CTL_SERVER_ACT_H
#define CORRAL_CLIENT_CTL_SERVER_ACT_H

#include <jansson.h>

#include "client/ctl/verbs.h"

#define ACT_FORM_MAX   (64u * 1024)
#define ACT_GROUPS_MAX 200 /* of one request */

/* Does the action, with the value of its field (NULL: it has none), to all groups of ids ("G-1"),
 * as many requests as that takes. Appends {"id", "result", "problem"} of each to results. An exit
 * status: the worst one of the results. */
int act_on(const struct access *a, struct connection *c, const json_t *ids, const char *action,
           const char *field, const char *value, json_t *results);

#endif
