/* SPDX-License-Identifier: Apache-2.0 */
/* Where one request ends and the next begins must be the same for us and for a proxy before us;
 * otherwise a request can be smuggled in the body of another. libmicrohttpd 0.9.75 is too kind even
 * in strict mode: it takes Content-Length together with Transfer-Encoding, several of either,
 * several Hosts, blanks before the colon, folded lines, bare line feeds, and cuts a value at a NUL.
 * This is the stricter reading of RFC 9112 (sections 2.2, 3.2, 5, 6.3 and 11.2). Pure. */
#ifndef CORRAL_HTTP_FRAMING_H
#define CORRAL_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/str.h"

#define FRAMING_FIELDS_MAX 64
#define FRAMING_BYTES_MAX  (16u * 1024) /* of all header lines */

enum framing_outcome {
    FRAMING_BAD_LINE = 1, /* not "name: value" ended by CR LF, or a folded line */
    FRAMING_BAD_NAME,     /* the name is not a token */
    FRAMING_BAD_VALUE,    /* a NUL or another control character */
    FRAMING_BAD_REQUEST, /* the request line: its method is not a token, its target has a blank or a
                            control character */
    FRAMING_NO_HOST,     /* that HTTP/1.1 asks for */
    FRAMING_TWO_HOSTS,
    FRAMING_TWO_LENGTHS,
    FRAMING_BAD_LENGTH, /* not a plain decimal number */
    FRAMING_BAD_CODING, /* Transfer-Encoding is not exactly "chunked", or is sent with HTTP/1.0 */
    FRAMING_BOTH,       /* Content-Length and Transfer-Encoding */
    FRAMING_TOO_LARGE,  /* over one of the limits above: the only one that is 431 and not 400 */
};

/* What has been seen so far. */
struct framing {
    bool http10; /* set by the caller */
    unsigned fields, hosts, lengths, codings;
    size_t bytes;
};

/* The request line: what the library took for method and target. */
int framing_request(struct str method, struct str target);
/* One header. */
int framing_field(struct framing *f, struct str name, struct str value);

/* The header lines as libmicrohttpd 0.9.75 leaves them in its buffer: the CR and the LF that end a
 * line, and the colon after a name, have been overwritten by NULs in place, nothing has moved. The
 * block begins with the end of the request line and ends with the empty line. What a well-formed
 * request leaves there is unambiguous, so anything else was not well-formed. Calls framing_field
 * for each line; f->fields is then to be compared with the number of headers that the library
 * believes in. */
int framing_block(struct framing *f, struct str block);

/* After the last header: what must be there. */
int framing_end(const struct framing *f);

/* One sentence for the answer. */
const char *framing_text(int outcome);

bool framing_token(struct str s); /* RFC 9110 section 5.6.2 */

#endif
