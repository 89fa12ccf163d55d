/* SPDX-License-Identifier: Apache-2.0 */
/* The entry made whole: what is left to learn about the crash, all of it as text, and the step from
 * which on the sender sees it. Nothing here needs the process any more. */
#include <errno.h>
#include <string.h>

#include "client/process/host.h"
#include "client/process/package.h"
#include "client/handler/rights.h"
#include "client/handler/steps.h"
#include "common/base/id.h"
#include "common/report/limits.h"

/* Lists give way until the text fits: a crash with too many libraries is still a crash. */
static int format_meta(struct capture *c, struct buf *b)
{
    struct crash_meta *m = &c->meta;

    for (;;) {
        buf_clear(b);
        meta_format(m, b);
        if (buf_error(b) != -E2BIG || (m->n_modules == 0 && m->n_threads == 0))
            return buf_error(b);
        m->n_modules /= 2;
        m->n_threads /= 2;
        m->cut = true;
    }
}

static ssize_t read_slim(void *arg, uint64_t address, void *p, size_t n)
{
    return (ssize_t)slim_read(arg, address, p, n);
}

static void add_modules(struct capture *c)
{
    const struct slim_source source = {.read = read_slim, .arg = c->slim};
    int r = 0;

    if (c->slim)
        modules_identify(&c->modules, &source, &c->arena);
    if (!c->streamed)
        r = modules_keep(&c->modules, &c->spool, &c->settings, &c->arena);
    rights_drop_last();
    if (r < 0)
        capture_fail(c, "cannot keep all executables of the crash", r);
    c->meta.modules = c->modules.entries;
    c->meta.n_modules = c->modules.n;
    c->meta.cut |= c->modules.cut;
}

/* Everything that is neither in /proc/PID nor in the core, and the whole as text. */
static int complete_meta(struct capture *c, struct buf *b)
{
    host_read(&c->arena, &c->meta);
    if (c->known && c->process.host_files)
        package_read(PACKAGE_DATABASE, c->spool.dir, &c->arena, &c->meta);
    add_modules(c);
    c->meta.fidelity = c->fidelity;
    return format_meta(c, b);
}

int publish_begin(struct capture *c)
{
    char id[UUID_TEXT_SIZE];

    hold_looked(&c->hold);
    uuid_new(id);
    if (!c->streamed) {
        int r = draft_begin(&c->spool, id, &c->draft);

        if (r < 0)
            return r;
    }
    memcpy(c->draft.id, id, sizeof(id));
    c->meta.crash_id = c->draft.id;
    return 0;
}

/* One byte says go. */
static void wake_sender(struct capture *c)
{
    if (c->sender.fd >= 0 && deputy_write(&c->sender, "\n", 1, STREAM_PATIENCE) < 0)
        capture_warn(c, "cannot start corral-sender: the crash stays in the spool", NULL);
}

static int stream_meta(struct capture *c, const struct buf *b)
{
    char line[32];
    int r;

    snprintf(line, sizeof(line), "META %zu\n", b->len);
    r = deputy_write(&c->sender, line, strlen(line), STREAM_PATIENCE);
    return r < 0 ? r : deputy_write(&c->sender, b->data, b->len, STREAM_PATIENCE);
}

/* The entry is whole, and seen by the sender, from here on. */
int publish(struct capture *c)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    int r = complete_meta(c, &b);

    if (r < 0)
        return r;
    if (c->streamed)
        return stream_meta(c, &b);
    if (c->full_fd >= 0)
        r = draft_publish_open(&c->draft, c->core_fd, (struct str){b.data, b.len}, &c->entry);
    else
        r = draft_publish(&c->draft, c->core_fd, (struct str){b.data, b.len});
    if (r == 0)
        wake_sender(c);
    return r;
}
