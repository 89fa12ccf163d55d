/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/handler/confine.h"
#include "common/report/limits.h"

#define DESCRIPTORS_MAX (META_MODULES_MAX + 64)
#define MEMORY_MAX      (1024ull * 1024 * 1024) /* of address space; a tenth is what is needed */

static void limit(int resource, rlim_t value)
{
    const struct rlimit l = {value, value};

    (void)setrlimit(resource, &l);
}

void rights_harden(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

/* Effective and permitted; nothing is ever inheritable. */
static int set_capabilities(uint32_t low)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = low, .permitted = low}};

    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int become(uid_t uid, gid_t gid)
{
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return -errno;
    /* The change of user made us traceable by that user again (suid_dumpable). */
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    return set_capabilities(CAP_TO_MASK(CAP_DAC_READ_SEARCH));
}

int rights_drop(uid_t uid, gid_t gid)
{
    int r = geteuid() == 0 ? become(uid, gid) : 0;

    if (r < 0)
        return r;
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
    limit(RLIMIT_AS, MEMORY_MAX);
#endif
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : confine();
}

void rights_drop_last(void)
{
    (void)set_capabilities(0);
}
