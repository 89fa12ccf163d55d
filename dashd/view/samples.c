/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/samples.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

#define LABEL_MAX 64

/* The first line that begins so, or NULL. */
static const char *find_line(const char *text, const char *start)
{
    size_t n = strlen(start);

    while (text && strncmp(text, start, n) != 0) {
        text = strchr(text, '\n');
        text += text != NULL;
    }
    return text;
}

bool samples_find(const char *text, const char *row, double *ret)
{
    const char *line = text;
    char *end;
    double value;

    while ((line = find_line(line, row)) && line[strlen(row)] != ' ')
        line++;
    if (!line)
        return false;
    line += strlen(row) + 1;
    value = strtod(line, &end);
    if (end == line || (*end && *end != '\n' && *end != ' '))
        return false;
    *ret = value;
    return true;
}

const char *samples_label(struct arena *a, const char *text, const char *name, const char *label)
{
    const char *line = find_line(text, arena_printf(a, "%s{", name));
    const char *end = line ? strchr(line, '\n') : NULL, *value, *quote;
    char *row;

    if (!line)
        return NULL;
    row = arena_strndup(a, line, end ? (size_t)(end - line) : strlen(line));
    value = strstr(row, arena_printf(a, "%s=\"", label));
    if (!value)
        return NULL;
    value += strlen(label) + 2;
    quote = strchr(value, '"');
    if (!quote || quote - value > LABEL_MAX)
        return NULL;
    return arena_strndup(a, value, (size_t)(quote - value));
}
