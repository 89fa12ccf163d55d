/* SPDX-License-Identifier: Apache-2.0 */
/* A child is done when its result is whole; how it ends tells only why there is none. When the
 * zygote dies under it, nothing is known of the core, and the analysis is begun again. */
#include "workerd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/report/limits.h"
#include "workerd/wire/serve.h"
#include "workerd/wire/verdict.h"

#define CORE_MAX                                                                                   \
    (32ull << 30) /* decompressed bytes that are looked at; the scratch file may become so large   \
                   */
#define LINGER                                                                                     \
    (1 * USEC_PER_SEC) /* that a child may take to end by itself when it has said all              \
                        */
#define TRIES 3        /* of one analysis, when the zygote dies under it */

enum { ZYGOTE_DIED = CHILD_UNWANTED + 1 }; /* of an attempt */

/* --- The scratch file --- */

int child_scratch(const char *data)
{
    char folder[4096];

    if (snprintf(folder, sizeof(folder), "%s/tmp", data) >= (int)sizeof(folder))
        return -ENAMETOOLONG;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

/* Nothing of one core is left for the analysis of the next. */
static int empty_scratch(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if ((st.st_size != 0 || st.st_blocks != 0) && ftruncate(fd, 0) < 0)
        return -errno;
    return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* --- What became of it --- */

/* Why a child without a result ended. */
static int judge(int status, const char **ret_problem)
{
    switch (verdict_of_analysis(status, ret_problem)) {
    case VERDICT_HOST:
        return CHILD_HOST_FAILED;
    case VERDICT_DONE:
        *ret_problem = "the analysis itself failed";
        return CHILD_FAILED;
    default:
        return CHILD_FAILED;
    }
}

static int parse(const struct buf *b, struct arena *a, struct analysis *ret,
                 const char **ret_problem)
{
    if (analysis_parse((struct str){buf_text(b), b->len}, a, ret) == 0)
        return 0;
    *ret_problem = "the analysis gave a result that cannot be read";
    return CHILD_FAILED;
}

/* What was said on the wire, and how the child ended. */
static int conclude(int said, const struct report *gone, const char **ret_problem)
{
    switch (said) {
    case 0:
        return 0;
    case WIRE_TOO_LATE:
        *ret_problem = "the analysis took too long";
        return CHILD_FAILED;
    case WIRE_UNWANTED:
    case -ECANCELED:
        return CHILD_UNWANTED;
    case WIRE_HUNG_UP:
        return judge(gone->status, ret_problem);
    case WIRE_NONSENSE:
        *ret_problem = "the analysis gave a result that cannot be read";
        return CHILD_FAILED;
    case -EOWNERDEAD:
        return ZYGOTE_DIED;
    default:
        return CHILD_HOST_FAILED;
    }
}

/* --- One attempt --- */

/* Starts it; the other end of its socket goes to *ret_socket. */
static int begin(const struct child_options *o, uint32_t *ret_job, int *ret_socket)
{
    struct order order = {
        .kind = ORDER_ANALYSE,
        .memory_bytes = o->memory_bytes,
        .cpu_seconds = (uint64_t)(o->timeout_usec / USEC_PER_SEC) + 1,
        .file_bytes = CORE_MAX,
        .variables = o->variables,
    };
    int ends[2];
    int r = parcel_pair(ends);

    if (r < 0)
        return r;
    const struct parcel_fds fds = {.list = {o->core_fd, ends[1], o->scratch_fd}, .n = 3};

    r = crew_begin(o->crew, &order, &fds);
    close(ends[1]);
    if (r) {
        close(ends[0]);
        return r;
    }
    *ret_job = order.job;
    *ret_socket = ends[0];
    return 0;
}

static int attempt(const struct child_options *o, struct vigil *v, struct buf *b,
                   const char **ret_problem)
{
    const struct wire_provider provider = {.give = stock_give,
                                           .give_files = stock_give_files,
                                           .give_code = stock_give_code,
                                           .arg = o->stock};
    _cleanup_fd_ int socket = -1;
    struct report gone;
    uint32_t job;
    int r = begin(o, &job, &socket);

    if (r)
        return r == CREW_DIED ? ZYGOTE_DIED : CHILD_HOST_FAILED;
    int said = wire_serve(socket, v, &provider, b);

    r = crew_end(o->crew, job, said == 0 || said == WIRE_HUNG_UP ? LINGER : 0, &gone);
    if (r && said != 0)
        return r == CREW_DIED ? ZYGOTE_DIED : CHILD_HOST_FAILED;
    return conclude(said, &gone, ret_problem);
}

static int analyse(const struct child_options *o, struct arena *a, struct analysis *ret,
                   const char **ret_problem)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    struct vigil v;
    int r = ZYGOTE_DIED;

    vigil_begin(&v, o->timeout_usec, o->tick, o->arg);
    for (unsigned i = 0; i < TRIES && r == ZYGOTE_DIED; i++) {
        if (empty_scratch(o->scratch_fd) < 0 || crew_ready(o->crew) < 0)
            return CHILD_HOST_FAILED;
        buf_clear(&b);
        stock_begin(o->stock);
        r = attempt(o, &v, &b, ret_problem);
    }
    empty_scratch(o->scratch_fd);
    if (r)
        return r == ZYGOTE_DIED ? CHILD_HOST_FAILED : r;
    r = parse(&b, a, ret, ret_problem);
    if (r == 0)
        stock_describe(o->stock, ret);
    return r;
}

/* Debug information that is read for variables may be hostile: a stack must not be lost by it. */
int child_analyse(const struct child_options *o, struct arena *a, struct analysis *ret,
                  const char **ret_problem)
{
    struct child_options without = *o;
    int r = analyse(o, a, ret, ret_problem);

    if (r != CHILD_FAILED || !o->variables)
        return r;
    log_warning("analysed again without variables", LOG_STR("reason", *ret_problem));
    without.variables = false;
    return analyse(&without, a, ret, ret_problem);
}
