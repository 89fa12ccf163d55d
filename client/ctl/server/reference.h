/* SPDX-License-Identifier: Apache-2.0 */
/* What people call a group or an event: "G-142", "142", an event's id, or the address of a page of
 * either as a browser shows it. Of an address only the id is taken: which server is asked, and so
 * who is shown the token, is the configuration's to say. */
#ifndef CORRAL_CLIENT_CTL_SERVER_REFERENCE_H
#define CORRAL_CLIENT_CTL_SERVER_REFERENCE_H

#include <jansson.h>

#include "client/ctl/verbs.h"
#include "common/base/id.h"

enum reference_kind { REFERENCE_NONE, REFERENCE_GROUP, REFERENCE_EVENT };

struct reference {
    enum reference_kind kind;
    char id[UUID_TEXT_SIZE]; /* "G-142", or the event's id */
};

/* Pure. */
struct reference reference_parse(const char *text);
/* The same, with a complaint (CTL_USAGE) when it is not what is wanted. */
int reference_group(const char *text, struct reference *ret);
/* The event that is meant: of a group its latest one with a stack. An exit status. */
int reference_event(const struct access *a, struct connection *c, const char *text,
                    struct reference *ret);

#endif
