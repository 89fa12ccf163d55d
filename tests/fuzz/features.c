/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* Any bytes as an ELF file that is asked what it is good for, and by which name it is asked for:
 * the name is that of a file, and in no other folder. */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/ctl/debug/soname.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/core/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_fd_ int fd = memfd_create("elf", MFD_CLOEXEC);
    char name[NAME_MAX + 1];
    unsigned features;
    uint16_t type;

    if (fd < 0 || io_write(fd, data, size) < 0)
        return 0;
    (void)features_read(fd, &features, &type);
    if (soname_read(fd, name))
        assert(*name && !strchr(name, '/') && name[0] != '.');
    return 0;
}
