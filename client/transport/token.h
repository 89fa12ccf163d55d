/* SPDX-License-Identifier: Apache-2.0 */
/* The token that a request is sent with, read anew for each: a token that was exchanged is used
 * without a restart. */
#ifndef CORRAL_CLIENT_TRANSPORT_TOKEN_H
#define CORRAL_CLIENT_TRANSPORT_TOKEN_H

#include <stddef.h>

#define TOKEN_MAX 512

enum token_outcome {
    TOKEN_NONE = 1, /* none is configured: the request goes without */
    TOKEN_UNREADABLE,
};

/* given: the token itself, "" for none at all, or NULL: the first line of
 * $CREDENTIALS_DIRECTORY/token (systemd.exec(5), LoadCredential=), else of file. On
 * TOKEN_UNREADABLE error says why, in size bytes. */
int token_get(const char *given, const char *file, char ret[static TOKEN_MAX], char *ret_error,
              size_t size);

#endif
