/* SPDX-License-Identifier: Apache-2.0 */
/* One response: status, headers, and a body that is text in a buffer or a file's descriptor.
 * Security headers that fit any response (X-Content-Type-Options: nosniff) are always set by the
 * server. */
#ifndef CORRAL_HTTP_RESPONSE_H
#define CORRAL_HTTP_RESPONSE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct request;
struct response;

/* Starts as 200 with an empty body. */
void response_status(struct response *r, unsigned status);
/* Name and value are copied; CR and LF in a value end it. */
void response_header(struct response *r, const char *name, const char *value);
void response_type(struct response *r, const char *content_type);
/* The body to append to; at most RESPONSE_BODY_MAX bytes (500 beyond it). */
struct buf *response_body(struct response *r);
/* Gives the body, once it is complete, an entity tag of its content: whoever has it already gets
 * 304. For answers to GET that are the same as long as what they tell is. An ETag that was set,
 * such as "7" of a revision, is the beginning of that tag: "7-90ab…". */
void response_tag(struct response *r);
/* Sends a regular file from its start: takes the descriptor. */
void response_file(struct response *r, int fd, uint64_t size);
/* Sends static bytes that outlive the server, without copying. */
void response_static(struct response *r, const void *p, size_t n);

#define RESPONSE_BODY_MAX (16u * 1024 * 1024)

/* RFC 9457: {"type","title","status","detail","instance"}; replaces whatever body there was. detail
 * says what is wrong and what to do; a printf format. type is "about:blank" or a page of
 * docs/protocol.md. */
void response_problem(struct response *r, struct request *q, unsigned status, const char *detail,
                      ...) __attribute__((format(printf, 4, 5)));
/* The same as 400 about one field, which `errors` names: as a parameter, or as a pointer into a
 * body that is JSON. position is the byte of its value at which the mistake begins; -1: not known.
 */
void response_problem_field(struct response *r, struct request *q, const char *field,
                            int64_t position, const char *detail);
/* 303 to a path of ours (the base path is put before it). */
void response_redirect(struct response *r, struct request *q, const char *path);
/* "Not Found" and so on. */
const char *http_status_text(unsigned status);

#endif
