/* SPDX-License-Identifier: Apache-2.0 */
/* What an analysing child and its provider say to each other, packet by packet:
 *
 *   child     WANT    which module's index               provider  GIVEN and a descriptor
 *             SOURCE  which module's files (files.h)               GIVEN and descriptors
 *             CODE    a few bytes of that file                     BYTES
 *                                                                  NONE
 *                                                                  REFUSED and why, in words
 *   child     RESULT  the length of the whole, the first bytes of it
 *             PIECE   more of them, until all are there
 *
 * The child has read hostile bytes: whatever it says is parsed as if an attacker had written it.
 * Pure. Both ends are of one build (orders.h, REPORT_READY), so numbers are the machine's own. */
#ifndef CORRAL_WORKERD_WIRE_WORDS_H
#define CORRAL_WORKERD_WIRE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"
#include "common/report/limits.h"

#define WIRE_PACKET_MAX (64u * 1024)
#define WIRE_PATH_MAX   4095u
#define WIRE_TEXT_MAX   255u
#define WIRE_CODE_MAX   64u /* bytes: an instruction and what is before it; the name of a type */

enum wire_kind {
    WIRE_WANT = 1,
    WIRE_RESULT,
    WIRE_PIECE,
    WIRE_GIVEN,
    WIRE_NONE,
    WIRE_REFUSED,
    WIRE_SOURCE,
    WIRE_CODE,
    WIRE_BYTES,
};

struct wire_want {
    char build_id[BUILD_ID_TEXT_SIZE]; /* hexadecimal; "": unknown */
    char path[WIRE_PATH_MAX + 1];      /* as mapped */
    bool main;                         /* it is the crashed program itself */
};

struct wire_message {
    enum wire_kind kind;
    struct wire_want want; /* WIRE_WANT, WIRE_SOURCE, WIRE_CODE */
    uint64_t offset;       /* WIRE_CODE: in the file */
    uint32_t length;       /* WIRE_RESULT: of the whole, at most ANALYSIS_JSON_MAX */
    uint32_t has;          /* WIRE_GIVEN, of files: enum files_has */
    struct str bytes;      /* WIRE_RESULT, WIRE_PIECE, WIRE_BYTES; WIRE_REFUSED: the text. In the
                            * packet */
};

/* -EBADMSG. */
int wire_parse(const void *packet, size_t n, struct wire_message *ret);

/* WIRE_WANT or WIRE_SOURCE: the packet's length. A path or build-id that is too long is cut. */
size_t wire_format_want(enum wire_kind kind, const struct wire_want *w,
                        char ret[static WIRE_PACKET_MAX]);
/* WIRE_CODE: of the file from offset on. */
size_t wire_format_code(const struct wire_want *w, uint64_t offset,
                        char ret[static WIRE_PACKET_MAX]);
/* WIRE_BYTES: at most WIRE_CODE_MAX. */
size_t wire_format_bytes(struct str bytes, char ret[static WIRE_PACKET_MAX]);
/* As much of the bytes as fits; *ret_used is how many that are. */
size_t wire_format_result(uint32_t length, struct str bytes, char ret[static WIRE_PACKET_MAX],
                          size_t *ret_used);
size_t wire_format_piece(struct str bytes, char ret[static WIRE_PACKET_MAX], size_t *ret_used);
/* WIRE_NONE, or WIRE_REFUSED; text may be NULL. */
size_t wire_format_answer(enum wire_kind kind, const char *text, char ret[static WIRE_PACKET_MAX]);
/* WIRE_GIVEN; has is 0 for an index. */
size_t wire_format_given(uint32_t has, char ret[static WIRE_PACKET_MAX]);

#endif
