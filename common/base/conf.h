/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: ini text into a typed struct, driven by a table with one row a key. Sections are
 * not used: each program has its own file. A line is `key = value`, `# comment` or blank; text
 * values may be quoted. An unknown key, a key given twice, a value of the wrong type or out of its
 * bounds is an error with its line and, for a key, the nearest valid one. Parsing is pure. */
#ifndef CORRAL_BASE_CONF_H
#define CORRAL_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define CONF_FILE_MAX (256u * 1024)
#define CONF_LINE_MAX 4096

enum conf_type {
    CONF_TEXT,     /* char *: heap, never NULL when the default is not */
    CONF_BOOL,     /* bool: yes, no, true, false, on, off, 1, 0 */
    CONF_UINT,     /* uint64_t: within min and max */
    CONF_SIZE,     /* uint64_t bytes: 10, 10K, 10M, 10G, 10T (powers of 1024) */
    CONF_DURATION, /* int64_t usec: 250ms, 10s, 5min, 2h, 7d */
};

struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;             /* of the field in the program's struct */
    const char *default_value; /* as it would stand in the file; NULL: text stays NULL */
    uint64_t min, max;         /* for UINT, SIZE (bytes), DURATION (usec); max 0 means no bound */
    const char *help;          /* one sentence, for --help and the sample file */
};

struct conf_error {
    unsigned line;     /* 1-based; 0 when not of one line */
    char message[256]; /* what is wrong and what to do */
};

/* Fills *target with the defaults. The table must be right: asserts. */
void conf_defaults(const struct conf_key *keys, size_t n, void *target);
/* Applies text on top. -EINVAL with *ret_error filled; the target then holds what came before the
 * mistake. */
int conf_parse(const struct conf_key *keys, size_t n, struct str text, void *target,
               struct conf_error *ret_error);
/* Defaults, then the file. A file that is missing is -ENOENT, with ret_error filled as for any
 * other failure. */
int conf_load(const struct conf_key *keys, size_t n, const char *path, void *target,
              struct conf_error *ret_error);
/* Frees the text fields. */
void conf_fini(const struct conf_key *keys, size_t n, void *target);

/* For -t and the sample test: writes every key as a commented sample file to b. */
struct buf;
void conf_sample(const struct conf_key *keys, size_t n, const char *program, struct buf *b);

#endif
