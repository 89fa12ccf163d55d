/* SPDX-License-Identifier: Apache-2.0 */
/* What the folders of source files are called here: a build writes /build/foo-1.2/src into its
 * debug information, and people have the files elsewhere. */
#ifndef CORRAL_REPORT_PREFIXES_H
#define CORRAL_REPORT_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"

#define PREFIXES_MAX 64

struct prefixes {
    struct {
        const char *from, *to; /* without a '/' at the end */
    } list[PREFIXES_MAX];
    size_t n;
};

bool prefixes_valid(const char *text);
/* FROM=TO[:FROM=TO…], both absolute; -EINVAL. Texts are in the arena. */
int prefixes_parse(const char *text, struct arena *a, struct prefixes *ret);
/* What of the file's name lies below the longest FROM that it is below, without a '/' at its
 * beginning, with that pair's TO; NULL when there is none. */
const char *prefixes_match(const struct prefixes *p, const char *file, const char **ret_to);
/* Sets the source of each frame whose file lies below a FROM; the longest FROM wins. */
void prefixes_apply(const struct prefixes *p, struct analysis *an, struct arena *a);

#endif
