/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/host.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "client/process/facts.h"
#include "client/process/process.h"
#include "client/process/procfs.h"
#include "common/base/io.h"

#define FILE_MAX       16384
#define NAME_MAX_BYTES 255
#define CPUINFO_MAX    (64u * 1024)

/* The first line of a small file; NULL when it can't be read. */
static const char *read_line(const char *path, size_t max, const char *field, struct arena *a,
                             struct crash_meta *m)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
    struct str line, text;
    bool cut = false;
    const char *kept;

    if (io_read_file(AT_FDCWD, path, &b) < 0 || b.len == 0)
        return NULL;
    text = (struct str){b.data, b.len};
    str_split(&text, '\n', &line);
    kept = process_text(a, line, max, &cut);
    if (cut)
        meta_cut(m, a, field);
    return kept;
}

/* os-release(5): the second place is the one that distributions ship. */
static const char *read_distribution(struct arena *a)
{
    static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
        struct str name;

        if (io_read_file(AT_FDCWD, places[i], &b) < 0)
            continue;
        name = procfs_os_release((struct str){b.data, b.len}, STR("PRETTY_NAME"));
        if (name.n > 0)
            return arena_strndup(a, name.p, name.n < NAME_MAX_BYTES ? name.n : NAME_MAX_BYTES);
    }
    return NULL;
}

/* Of the CPU that the process ran on. A machine may have hundreds: what lies beyond the limit is
 * not looked at, and they are alike. */
static void read_cpu(struct arena *a, struct crash_meta *m)
{
    _cleanup_fd_ int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    char *text = arena_alloc(a, CPUINFO_MAX);
    ssize_t n = fd < 0 ? -1 : io_read(fd, text, CPUINFO_MAX);

    if (n > 0)
        facts_from_cpuinfo((struct str){text, (size_t)n}, a, m);
}

void host_read(struct arena *a, struct crash_meta *m)
{
    struct utsname names;

    if (uname(&names) == 0) {
        m->kernel = arena_strdup(a, names.release);
        m->architecture = arena_strdup(a, names.machine);
        if (!m->hostname)
            m->hostname = arena_strdup(a, names.nodename);
    }
    read_cpu(a, m);
    m->distribution = read_distribution(a);
    m->boot_id = read_line("/proc/sys/kernel/random/boot_id", 64, "boot_id", a, m);
    m->machine_id = read_line("/etc/machine-id", 64, "machine_id", a, m);
}
