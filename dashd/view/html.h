/* SPDX-License-Identifier: Apache-2.0 */
/* Values into HTML. What a crash says is written by an attacker, so there is one way out: html_text
 * and html_value, which the template compiler chooses by place and which choose by type. Texts are
 * escaped; invalid UTF-8 becomes U+FFFD; control, bidirectional and zero-width characters, which
 * would hide or reorder what is read, become visible. Unescaped output needs the type struct
 * markup, addresses need struct url, and only code that we wrote makes values of these types. Pure.
 */
#ifndef CORRAL_DASHD_VIEW_HTML_H
#define CORRAL_DASHD_VIEW_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/str.h"

/* HTML made by us: charts. */
struct markup {
    const char *text;
};

/* The beginning of an address, made by us: the base path, a route, an allowed target. */
struct url {
    const char *text;
};

/* Names of functions and titles: they may be wrapped behind :: and , */
struct symbol {
    const char *text;
};

/* A word of a command that people copy: quoted for sh(1) whatever it holds. */
struct shell {
    const char *text;
};

struct address {
    uint64_t value; /* shown as 0x1f */
};

struct count {
    uint64_t n; /* shown as 1,234 */
};

struct bytes {
    uint64_t n; /* shown as 1.5 MiB */
};

/* <time> that reads as it is: "2026-11-21 05:12:03 UTC". */
struct exact {
    int64_t at;
};

struct duration {
    int64_t usec; /* shown as 250 ms */
};

/* <time>: relative to now in the text, exact and UTC in datetime and title. */
struct instant {
    int64_t at, now;
};

/* Bytes of the template itself. */
void html_literal(struct buf *out, const char *p, size_t n);

void html_escape(struct buf *out, struct str s);
void html_put_text(struct buf *out, const char *text); /* NULL: nothing */
void html_put_int(struct buf *out, int64_t n);
void html_put_uint(struct buf *out, uint64_t n);
void html_put_markup(struct buf *out, struct markup m);
void html_put_url(struct buf *out, struct url u);
void html_put_symbol(struct buf *out, struct symbol s);
void html_put_shell(struct buf *out, struct shell s);
void html_put_address(struct buf *out, struct address a);
void html_put_count(struct buf *out, struct count c);
void html_put_bytes(struct buf *out, struct bytes b);
void html_put_exact(struct buf *out, struct exact t);
void html_put_duration(struct buf *out, struct duration d);
void html_put_instant(struct buf *out, struct instant t);

/* Percent-encodes everything but RFC 3986's unreserved characters: one segment or one query value.
 */
void html_percent(struct buf *out, const char *text);

#define HTML_PLAIN                                                                                 \
    char * : html_put_text,                                                                        \
             const char * : html_put_text,                                                         \
                            struct str : html_escape,                                              \
                                         int : html_put_int,                                       \
                                               long : html_put_int,                                \
                                                      long long : html_put_int,                    \
                                                                  unsigned : html_put_uint,        \
                                                                             unsigned long         \
        : html_put_uint,                                                                           \
          unsigned long long : html_put_uint,                                                      \
                               struct url : html_put_url,                                          \
                                            struct address : html_put_address,                     \
                                                             struct count : html_put_count,        \
                                                                            struct bytes           \
        : html_put_bytes,                                                                          \
          struct duration : html_put_duration

/* In text. */
#define html_text(out, x)                                                                          \
    _Generic((x), HTML_PLAIN, struct markup                                                        \
             : html_put_markup, struct symbol                                                      \
             : html_put_symbol, struct shell                                                       \
             : html_put_shell, struct exact                                                        \
             : html_put_exact, struct instant                                                      \
             : html_put_instant)((out), (x))
/* In a quoted attribute value: nothing that would be an element. */
#define html_value(out, x) _Generic((x), HTML_PLAIN)((out), (x))
/* Where an address begins: "javascript:" must not. */
#define html_url(out, x) _Generic((x), struct url : html_put_url)((out), (x))

#endif
