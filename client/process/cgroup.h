/* SPDX-License-Identifier: Apache-2.0 */
/* What the path of a control group tells about who started a process: systemd's units, the login
 * session, and the container with its runtime and pod. The names on that path are chosen by whoever
 * may make control groups, so an id is taken only when it has the runtime's own shape. Pure; slices
 * are borrowed from the path, or from *ret. */
#ifndef CORRAL_CLIENT_HANDLER_CGROUP_H
#define CORRAL_CLIENT_HANDLER_CGROUP_H

#include <stdint.h>

#include "common/base/str.h"

#define CGROUP_ID_MAX  64 /* docker's and containerd's: SHA-256 in hexadecimal */
#define CGROUP_POD_MAX 36

struct cgroup {
    struct str unit;                   /* innermost service or scope */
    struct str user_unit;              /* the same, when it is one of the user's own manager */
    struct str slice;                  /* innermost */
    struct str session;                /* of logind */
    int64_t owner_uid;                 /* whose slice or manager it is; -1: nobody's */
    const char *runtime;               /* "docker", "containerd", …; NULL: no container */
    char container[CGROUP_ID_MAX + 1]; /* its id, or its name where the runtime has names only */
    char pod[CGROUP_POD_MAX + 1];      /* uid of a Kubernetes pod, with dashes; "": none */
};

void cgroup_parse(struct str path, struct cgroup *ret);

#endif
