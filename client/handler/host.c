/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/host.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "client/handler/process.h"
#include "client/handler/procfs.h"
#include "common/base/io.h"

#define FILE_MAX       16384
#define NAME_MAX_BYTES 255

/* The first line of a small file; NULL when it can't be read. */
static const char *read_line(const char *path, size_t max, struct arena *a, bool *cut)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
    struct str line, text;

    if (io_read_file(AT_FDCWD, path, &b) < 0 || b.len == 0)
        return NULL;
    text = (struct str){b.data, b.len};
    str_split(&text, '\n', &line);
    return process_text(a, line, max, cut);
}

/* os-release(5): the second place is the one that distributions ship. */
static const char *read_distribution(struct arena *a, bool *cut)
{
    static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
        struct str name;

        if (io_read_file(AT_FDCWD, places[i], &b) < 0)
            continue;
        name = procfs_os_release((struct str){b.data, b.len}, STR("PRETTY_NAME"));
        if (name.n > 0)
            return process_text(a, name, NAME_MAX_BYTES, cut);
    }
    return NULL;
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
    m->distribution = read_distribution(a, &m->cut);
    m->boot_id = read_line("/proc/sys/kernel/random/boot_id", 64, a, &m->cut);
    m->machine_id = read_line("/etc/machine-id", 64, a, &m->cut);
}
