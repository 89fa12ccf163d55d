/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP(S) server, over libcurl: TLS verified, no redirects (a token goes where it was
 * configured to go and nowhere else), no other protocol, nothing unbounded in time or size. A
 * connection is kept open between requests. One thread. */
#ifndef CORRAL_CLIENT_TRANSPORT_CONNECTION_H
#define CORRAL_CLIENT_TRANSPORT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "client/spool/settings.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"

#define REPLY_BODY_MAX  (4u * 1024 * 1024)
#define REPLY_ERROR_MAX 512

struct connection_options {
    const char *server;     /* URL */
    const char *user_agent; /* "corral-sender/0.1.0" */
    const char
        *token; /* "": none at all. NULL: what token_file holds at the time of each request */
    const char *token_file; /* NULL or "": none; $CREDENTIALS_DIRECTORY/token goes before it
                               (systemd.exec(5), LoadCredential=) */
    const char *ca_file;    /* NULL or "": the system's; else these alone */
    const char *client_cert,
        *client_key;    /* PEM; NULL or "": none, the key beside the certificate */
    const char *proxy;  /* URL; NULL or "": that of the environment, as curl(1) has it */
    uint64_t bandwidth; /* bytes a second, over all requests; 0: any */
    int64_t timeout;    /* usec in which nothing moves */
    bool (*cancelled)(
        void *arg); /* asked about once a second; true ends the request. NULL: never */
    void *arg;
};

struct connection;

/* What client.conf says of the way to the server. */
struct connection_options connection_options(const struct settings *s, const char *user_agent);

/* Borrows the texts. Dies when memory is out. */
struct connection *connection_new(const struct connection_options *options);
void connection_free(struct connection *c);

struct reply {
    long status;           /* 0: none came */
    int64_t retry_after;   /* usec; 0: not given */
    int64_t upload_offset; /* header Upload-Offset; -1: none */
    bool upload_complete;  /* header Upload-Complete: ?1 */
    bool problem;          /* an error in the words of RFC 9457, which a HEAD tells by its type */
    struct buf body;
    char error[REPLY_ERROR_MAX]; /* why none came */
};

#define REPLY_INIT ((struct reply){.body = BUF_INIT(REPLY_BODY_MAX)})
void reply_fini(struct reply *r);
#define _cleanup_reply_ _cleanup_(reply_fini)

enum connection_outcome {
    CONNECTION_FAILED = 1, /* no answer came: reply->error says why */
    CONNECTION_NO_TOKEN,   /* the token file can't be read: reply->error */
};

/* Each overwrites *ret, which the caller has set to REPLY_INIT once. path begins with a slash. 0:
 * there is a status. */
int connection_get(struct connection *c, const char *path, struct reply *ret);
int connection_head(struct connection *c, const char *path, struct reply *ret);
/* GET, of which the body of a 200 is written to fd, at most max bytes (else CONNECTION_FAILED);
 * that of any other status is in *ret. -errno when the file can't be written. */
int connection_download(struct connection *c, const char *path, int fd, uint64_t max,
                        struct reply *ret);
/* POST of an application/x-www-form-urlencoded body. */
int connection_post_form(struct connection *c, const char *path, struct str form,
                         struct reply *ret);
/* The whole of a regular file as body. */
int connection_put_file(struct connection *c, const char *path, int fd, struct reply *ret);
/* The same, compressed on the way (Content-Encoding: zstd); its length is not told before. */
int connection_put_zstd(struct connection *c, const char *path, int fd, struct reply *ret);
/* A part of it, with further header lines ("Name: value", NULL behind the last). */
int connection_put_range(struct connection *c, const char *path, int fd, uint64_t begin,
                         uint64_t end, const char *const *headers, struct reply *ret);
/* multipart/form-data: the part `meta` (JSON), then the part `core` from a regular file, unless
 * core_fd is -1. */
int connection_post_crash(struct connection *c, const char *path, struct str meta, int core_fd,
                          struct reply *ret);
/* The same with a core of unknown length: the first n bytes of core_fd, then the pipe. */
int connection_post_stream(struct connection *c, const char *path, struct str meta, int core_fd,
                           uint64_t n, int pipe, struct reply *ret);

/* Bytes of bodies that were sent, also in vain. */
uint64_t connection_sent(const struct connection *c);

DEFINE_CLEANUP(cleanup_connection, struct connection, connection_free)
#define _cleanup_connection_ _cleanup_(cleanup_connection)

#endif
