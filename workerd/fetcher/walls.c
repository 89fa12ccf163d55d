/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/fetcher/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define DESCRIPTORS_MAX 64
#define READABLE        (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* What getaddrinfo(3) and TLS read: the C library's configuration and modules, certificates, and
 * where systems keep a resolv.conf that changes. What is not there is passed over. */
static const char *const readable[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/lib/ssl",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/nscd",
    "/dev/urandom",
};

/* Every right of the first version of Landlock: what it does not know is allowed. */
#define HANDLED ((uint64_t)((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1))

static int allow_reading(int ruleset, const char *path)
{
    _cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = READABLE, .parent_fd = fd};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
               ? -errno
               : 0;
}

static int enter_landlock(void)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED};
    _cleanup_fd_ int ruleset = -1;
    int r = 0;

    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0)
        return 0;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return -errno;
    for (size_t i = 0; i < ARRAY_SIZE(readable) && r == 0; i++)
        r = allow_reading(ruleset, readable[i]);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    return r;
}

static int limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit l = {value, value};

    return setrlimit(resource, &l) < 0 ? -errno : 0;
}

int walls_enter(void)
{
    int r = limit(RLIMIT_CORE, 0);

    if (r == 0)
        r = limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    if (r < 0)
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    return enter_landlock();
}
