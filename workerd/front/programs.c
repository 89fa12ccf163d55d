/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/front/programs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define PATH_SIZE 4096

const char *program_of_analysis(int argc, char **argv)
{
    for (int i = 0; i + 1 < argc; i++)
        if (strcmp(argv[i], "--engine") == 0 && strcmp(argv[i + 1], "libdwfl") == 0)
            return PROGRAM_REFERENCE;
    return PROGRAM_ENGINE;
}

/* The folder of the running program, without a '/' at its end. */
static int own_folder(char *ret, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", ret, size - 1);

    if (n < 0)
        return -errno;
    ret[n] = '\0';
    char *slash = strrchr(ret, '/');

    if (!slash)
        return -ENOENT;
    *slash = '\0';
    return 0;
}

int program_path(const char *name, char *ret, size_t size)
{
    /* From lib/corral itself, and from bin/ or sbin/ where somebody has put a copy. */
    static const char *const places[] = {".", "../lib/corral"};
    char folder[PATH_SIZE];
    int r = own_folder(folder, sizeof folder);

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(places); i++) {
        if (snprintf(ret, size, "%s/%s/%s", folder, places[i], name) >= (int)size)
            return -ENAMETOOLONG;
        if (access(ret, X_OK) == 0)
            return 0;
    }
    return r < 0 ? r : -ENOENT;
}

int program_exec(const char *name, char **argv)
{
    char path[PATH_SIZE];
    int r = program_path(name, path, sizeof path);

    if (r < 0)
        return r;
    execv(path, argv);
    return -errno;
}
