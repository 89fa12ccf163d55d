/* SPDX-License-Identifier: Apache-2.0 */
/* A few lines of a source file around one of them. What the file holds and which line is asked for
 * is anybody's guess: debug information is an attacker's, and the file here may be of another
 * version. */
#ifndef CORRAL_DASHD_SOURCE_EXCERPT_H
#define CORRAL_DASHD_SOURCE_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define EXCERPT_AROUND   5 /* lines on each side */
#define EXCERPT_LINES    (2 * EXCERPT_AROUND + 1)
#define EXCERPT_LINE_MAX 240                 /* bytes shown of a line */
#define EXCERPT_FILE_MAX (16u * 1024 * 1024) /* what is further behind is not looked for */

struct excerpt_line {
    unsigned number;  /* from 1 */
    const char *text; /* without its end; not necessarily UTF-8 */
    bool cut;
};

struct excerpt {
    struct excerpt_line lines[EXCERPT_LINES];
    size_t n;
    unsigned marked;      /* number of the line that was asked for */
    const char *checkout; /* where the file is from; the administrator's text */
};

enum excerpt_outcome {
    EXCERPT_NO_SUCH_LINE = 1, /* the file is shorter */
    EXCERPT_NOT_TEXT,         /* there is a zero byte in the lines */
};

/* Reads from fd's position to the last line that is wanted. lines and marked are filled, texts are
 * in the arena. -errno. */
int excerpt_read(int fd, unsigned line, struct arena *a, struct excerpt *ret);

#endif
