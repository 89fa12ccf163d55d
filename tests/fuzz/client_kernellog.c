/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Any bytes as a record of /dev/kmsg, and as a text in one. */
#include "client/handler/kernellog.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct kernellog_record *r, struct str bytes)
{
    struct kernellog_missed m;

    if (kernellog_missed(r, STR("corral-handler"), &m) != 0)
        return;
    assert(m.why && *m.why);
    assert(m.comm.n == 0 || m.own ||
           (m.comm.p >= bytes.p && m.comm.p + m.comm.n <= bytes.p + bytes.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct kernellog_record r;

    if (kernellog_parse(bytes, &r) == 0)
        check(&r, bytes);
    r = (struct kernellog_record){.text = bytes};
    check(&r, bytes);
    return 0;
}
