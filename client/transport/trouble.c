/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/trouble.h"

#include <stdio.h>

#include <curl/curl.h>

#include "common/base/cleanup.h"

/* Results of OpenSSL's verification (openssl/x509_vfy.h). */
enum {
    ANY = -1,
    GOOD = 0,
    NOT_SAID = 1, /* libcurl's own look at the name came first */
    NOT_YET_VALID = 9,
    HAS_EXPIRED = 10,
    SELF_SIGNED = 18,
    SELF_SIGNED_IN_CHAIN = 19,
    NO_ISSUER = 20,
    NO_LEAF_SIGNATURE = 21,
};

static const struct {
    int code;
    long verify;
    const char *advice;
} advices[] = {
    {CURLE_PEER_FAILED_VERIFICATION, HAS_EXPIRED,
     "the server's certificate has expired: renew it, or look at this host's clock"},
    {CURLE_PEER_FAILED_VERIFICATION, NOT_YET_VALID,
     "the server's certificate is not valid yet: look at this host's clock"},
    {CURLE_PEER_FAILED_VERIFICATION, SELF_SIGNED,
     "the server's certificate is signed by itself: set ca_file to it if that is right"},
    {CURLE_PEER_FAILED_VERIFICATION, SELF_SIGNED_IN_CHAIN,
     "the server's certificate is of an authority that we do not know: set ca_file to its own"},
    {CURLE_PEER_FAILED_VERIFICATION, NO_ISSUER,
     "the server's certificate is of an authority that we do not know: set ca_file to its own"},
    {CURLE_PEER_FAILED_VERIFICATION, NO_LEAF_SIGNATURE,
     "the server's certificate is of an authority that we do not know: set ca_file to its own"},
    {CURLE_PEER_FAILED_VERIFICATION, GOOD,
     "the server's certificate is for another name: set server to a name that is in it"},
    {CURLE_PEER_FAILED_VERIFICATION, NOT_SAID,
     "the server's certificate is for another name: set server to a name that is in it"},
    {CURLE_PEER_FAILED_VERIFICATION, ANY,
     "the server's certificate can't be trusted: look at ca_file and at the certificate"},
    {CURLE_SSL_CACERT_BADFILE, ANY, "ca_file can't be read, or holds no certificate (PEM)"},
    {CURLE_SSL_CERTPROBLEM, ANY, "client_cert or client_key can't be used"},
    {CURLE_SSL_CONNECT_ERROR, ANY, "TLS could not be begun: is server an https:// address of it?"},
    {CURLE_COULDNT_RESOLVE_HOST, ANY, "the server's name is not known: look at server"},
    {CURLE_COULDNT_RESOLVE_PROXY, ANY, "the proxy's name is not known: look at proxy"},
    {CURLE_COULDNT_CONNECT, ANY, "nothing answers at the address of the server or its proxy"},
    {CURLE_OPERATION_TIMEDOUT, ANY, "nothing moved for too long (timeout)"},
    {CURLE_UNSUPPORTED_PROTOCOL, ANY, "server must begin with http:// or https://"},
    {CURLE_URL_MALFORMAT, ANY, "server is no URL"},
};

static const char *find(const struct trouble *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
        if (advices[i].code == t->code &&
            (advices[i].verify == ANY || advices[i].verify == t->verify))
            return advices[i].advice;
    return NULL;
}

/* A proxy that refuses does so before there is any TLS, and libcurl's code for it is that of a
 * connection. A server that asks for a certificate of ours ends TLS 1.3 with an alert when we have
 * already begun to send. */
void trouble_say(const struct trouble *t, char *ret, size_t size)
{
    const char *advice = find(t);

    if (t->proxy_status == 407)
        snprintf(ret, size,
                 "the proxy wants a user and a password: put them into proxy "
                 "(http://USER:PASSWORD@HOST:PORT)");
    else if (t->proxy_status >= 300)
        snprintf(ret, size, "the proxy refuses to connect us to the server, with status %ld",
                 t->proxy_status);
    else if (advice)
        snprintf(ret, size, "%s (%s)", advice, t->detail);
    else
        snprintf(ret, size, "%s", t->detail);
    for (char *c = ret; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}
