/* SPDX-License-Identifier: Apache-2.0 */
/* Why no answer came, and what to do about it, in one line for the people who run the host. Pure.
 */
#ifndef CORRAL_CLIENT_TRANSPORT_TROUBLE_H
#define CORRAL_CLIENT_TRANSPORT_TROUBLE_H

#include <stddef.h>

struct trouble {
    int code;           /* CURLcode */
    long verify;        /* CURLINFO_SSL_VERIFYRESULT */
    long proxy_status;  /* CURLINFO_HTTP_CONNECTCODE; 0: none */
    const char *detail; /* libcurl's words */
};

void trouble_say(const struct trouble *t, char *ret, size_t size);

#endif
