/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of a job's child means, in words for the crash that it was about. */
#ifndef CORRAL_WORKERD_WIRE_VERDICT_H
#define CORRAL_WORKERD_WIRE_VERDICT_H

enum verdict {
    VERDICT_DONE = 0,
    VERDICT_FAILED, /* the bytes' doing: ret_problem says what happened */
    VERDICT_HOST,   /* this host's doing: try again later */
};

/* Of wait(2)'s status of a child that analysed a core, or made an index. ret_problem is static. */
enum verdict verdict_of_analysis(int status, const char **ret_problem);
enum verdict verdict_of_index(int status, const char **ret_problem);

#endif
