/* SPDX-License-Identifier: Apache-2.0 */
/* corral-reference: what `corral-workerd --analyse … --engine libdwfl` starts. Not for cores of
 * strangers: libdw reads hostile bytes here without a sandbox. */
#include "workerd/oneshot/oneshot.h"
#include "workerd/reference/reference.h"

static int run(const struct oneshot *o, int core_fd, struct arena *a, struct analysis *ret)
{
    const struct analyse_input in = {.core_fd = core_fd, .scratch_fd = -1};
    int r = 0;

    for (unsigned i = 0; i < o->repeat && r == 0; i++)
        r = reference_analyse(&in, &o->sources, a, ret);
    return r;
}

int main(int argc, char **argv)
{
    return oneshot_main(argc, argv, run);
}
