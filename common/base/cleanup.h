/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-exit for what must not leak. A variable declared with one of these attributes is released
 * when it goes out of scope, whichever way; TAKE_FD and TAKE_PTR hand it on and leave an empty
 * holder behind. A new foreign type declares its own holder beside its wrapper with DEFINE_CLEANUP.
 */
#ifndef CORRAL_BASE_CLEANUP_H
#define CORRAL_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines NAME(), which releases a `type *` holder by FREE unless it is empty. */
#define DEFINE_CLEANUP(name, type, free_function)                                                  \
    static inline void name(type **holder)                                                         \
    {                                                                                              \
        if (*holder)                                                                               \
            free_function(*holder);                                                                \
    }

static inline void cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_free(void *holder)
{
    free(*(void **)holder);
}

static inline void cleanup_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

#define _cleanup_fd_   _cleanup_(cleanup_fd)
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_file_ _cleanup_(cleanup_file)
#define _cleanup_dir_  _cleanup_(cleanup_dir)

static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))

#define TAKE_PTR(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) *holder_ = &(p);                                                             \
        __typeof__(p) taken_ = *holder_;                                                           \
        *holder_ = NULL;                                                                           \
        taken_;                                                                                    \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
