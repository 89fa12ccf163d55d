/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* The handler's command line; arguments are separated by NUL. */
#include "client/process/arguments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/report/meta.h"

#define ARGUMENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *argv[ARGUMENTS_MAX + 1], name[] = "corral-handler";
    struct arguments a;
    int argc = 0;

    memcpy(text, data, size);
    text[size] = '\0';
    argv[argc++] = name;
    for (size_t at = 0; at < size && argc < ARGUMENTS_MAX; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    argv[argc] = NULL;
    if (arguments_parse(argc, argv, &a) == 0)
        assert(a.pid > 0 && (a.pidfd == META_UNKNOWN || a.pidfd >= 0) && a.conf_path);
    free(text);
    return 0;
}
