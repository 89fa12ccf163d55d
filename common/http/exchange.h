/* SPDX-License-Identifier: Apache-2.0 */
/* Private to this folder: what a server, a request and a response are made of, and the way of one
 * exchange through libmicrohttpd's callbacks. That library calls back with the request line, then
 * once when the headers are there, then with each piece of the body, then once at the end of it,
 * and with the completion in any case. It takes an answer in the second or in the last but one of
 * these only; the states say what the next call means.
 *
 *     HEAD ─┬▶ BUFFERING ─┬─▶ handle() or end() ──▶ ANSWERED ──▶ freed
 *       │   ╰▶ STREAMING ─┤                         ▲     ▲
 *       │                 │ refused                 │     │
 *       ├────────────▶ DROPPING ────────────────────╯     │   (1)
 *       ├─────────────────┴─────▶ LINGERING ──▶ closed    │   (2)
 *       ╰─────────────────────────────────────────────────╯   (3)
 *
 * A refusal gets out in one of three ways: (1) little is left of the body: it is read and dropped
 * first, and the connection goes on; (2) much is left: the answer is written past the library, see
 * linger.h; (3) at once, when the client waits for 100-continue or its framing can't be trusted.
 *
 * All of one exchange runs on the thread that owns its connection. */
#ifndef CORRAL_HTTP_EXCHANGE_H
#define CORRAL_HTTP_EXCHANGE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/http/form.h"
#include "common/http/listener.h"
#include "common/http/pace.h"
#include "common/http/request.h"
#include "common/http/response.h"
#include "common/http/router.h"
#include "common/http/server.h"
#include "common/http/target.h"

#define HTTP_DROP_MAX   (1024u * 1024)      /* of a refused body, before the answer */
#define HTTP_LINGER_MAX (64u * 1024 * 1024) /* of a refused body, after the answer */
#define HTTP_CONNECTION_BYTES                                                                      \
    (64u * 1024)           /* libmicrohttpd's buffer: head, and pieces of the body */
#define REQUEST_ID_SIZE 17 /* 16 hexadecimal digits and a NUL */

struct http_server {
    struct http_options o;
    struct listener listener;
    struct MHD_Daemon *daemon;
    struct pace *pace;
    bool layout_known; /* the library is of the version whose buffer framing_block can read */
    atomic_bool draining;
    atomic_uint connections;
    pthread_mutex_t lock; /* over in_flight */
    pthread_cond_t idle;  /* in_flight fell to zero */
    unsigned in_flight;   /* requests whose headers are there and which are not completed */
};

struct response_header {
    struct response_header *next;
    const char *name, *value;
};

struct response {
    struct arena *arena; /* of the request */
    unsigned status;
    struct response_header *headers, **headers_end;
    enum { RESPONSE_BUFFER, RESPONSE_STATIC, RESPONSE_FILE } kind;
    struct buf body;
    const void *fixed; /* STATIC */
    int fd;            /* FILE; -1 otherwise */
    uint64_t size;     /* of STATIC and FILE */
    bool tagged;       /* an entity tag is to be made of the body */
};

enum exchange_state {
    EXCHANGE_HEAD,
    EXCHANGE_BUFFERING,
    EXCHANGE_STREAMING,
    EXCHANGE_DROPPING,
    EXCHANGE_LINGERING,
    EXCHANGE_ANSWERED,
};

struct request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct pace_entry *pace; /* of the connection; NULL when that is not known */
    struct arena arena;
    enum exchange_state state;
    bool counted;    /* in server->in_flight */
    bool sink_open;  /* begin returned 0: release is due */
    bool close;      /* no other request after this one */
    bool is_json;    /* the form came as a JSON object */
    int64_t started; /* clock_mono */
    const char *uri; /* as the library has it in its buffer */
    const char *raw; /* our copy, untouched */
    const char *method;
    struct target target;
    struct router_match match; /* its slices point into target.path */
    struct form form;
    struct buf body;
    int64_t content_length; /* -1: unknown or none */
    uint64_t bytes_in;      /* of the body */
    uint64_t bytes_dropped;
    uint64_t bytes_out; /* of the answer's body */
    void *data, *identity;
    char id[REQUEST_ID_SIZE];
    char remote[INET6_ADDRSTRLEN];
    struct response response;
};

/* libmicrohttpd's callbacks, in the order of their calls; cls is the server. */
void *exchange_open(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context);
void exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode code);

/* The response is filled in, the handler or the sink is not run. */
enum exchange_outcome { EXCHANGE_REFUSED = 1 };
/* Fills in an answer that no handler gives; returns EXCHANGE_REFUSED for the caller to return. */
int exchange_fail(struct request *q, unsigned status, const char *detail);
/* As it came; NULL when not given. */
const char *exchange_header(struct request *q, const char *name);

void response_init(struct response *r, struct arena *a);
void response_fini(struct response *r);
/* Bytes of the body. */
uint64_t response_length(const struct response *r);
/* False when the body did not fit its buffer. */
bool response_complete(const struct response *r);
/* Makes of a body that the client has already 304 without one. */
void response_validate(struct response *r, const char *if_none_match);
/* Codes a body that is text, long enough and not a file, as the client likes it. */
void response_encode(struct response *r, const char *accept_encoding);
/* The library's own object, with body and headers; what the body needs moves into it. NULL when
 * memory is out. */
struct MHD_Response *response_build(struct response *r);

#endif
