/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Every parser of /proc texts gets the same bytes. */
#include "client/process/procfs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_mappings(struct str text)
{
    struct procfs_mapping m;
    struct str line;

    while (str_split(&text, '\n', &line)) {
        char *path;
        size_t n;

        if (procfs_parse_mapping(line, &m) != 0)
            continue;
        assert(m.start < m.end && m.path.p >= line.p && m.path.p + m.path.n == line.p + line.n);
        path = malloc(m.path.n + 1);
        memcpy(path, m.path.p, m.path.n);
        n = procfs_unescape(path, m.path.n);
        assert(n <= m.path.n);
        free(path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size}, path;
    struct procfs_stat stat;
    int64_t pid;

    (void)procfs_parse_stat(text, &stat);
    parse_mappings(text);
    if (procfs_parse_cgroup(text, &path) == 0)
        assert(procfs_unit(path).n <= path.n);
    (void)procfs_auxv_secure(data, size);
    (void)procfs_parse_pidfd(text, &pid);
    (void)procfs_os_release(text, STR("PRETTY_NAME"));
    return 0;
}
