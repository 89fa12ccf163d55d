/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/linger.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/http/exchange.h"

#define ANSWER_MAX (256u * 1024) /* beyond it an answer is cut to its head */

static void add_date(struct buf *b)
{
    time_t now = time(NULL);
    char text[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    buf_printf(b, "Date: %s\r\n", text);
}

static void print_answer(struct request *q, struct buf *b)
{
    struct response *r = &q->response;
    const void *body = r->kind == RESPONSE_STATIC ? r->fixed : buf_text(&r->body);
    size_t n = r->kind == RESPONSE_FILE ? 0 : (size_t)response_length(r);

    if (n > ANSWER_MAX / 2)
        n = 0;
    buf_printf(b, "HTTP/1.1 %u %s\r\n", r->status, http_status_text(r->status));
    add_date(b);
    for (struct response_header *h = r->headers; h; h = h->next)
        if (strcmp(h->name, "Connection") != 0)
            buf_printf(b, "%s: %s\r\n", h->name, h->value);
    buf_printf(b, "Content-Length: %zu\r\nConnection: close\r\n\r\n", n);
    if (strcmp(q->method, "HEAD") != 0)
        buf_add(b, body, n);
}

int linger_answer(struct request *q)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    _cleanup_buf_ struct buf b;
    ssize_t sent;

    buf_init(&b, ANSWER_MAX);
    print_answer(q, &b);
    if (!info || buf_error(&b))
        return -EIO;
    /* One call: the send buffer is empty, and larger than any answer of ours. */
    sent = send(info->connect_fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return -errno;
    q->bytes_out = response_length(&q->response);
    shutdown(info->connect_fd, SHUT_WR);
    return (size_t)sent == b.len ? 0 : -EAGAIN;
}
