/* SPDX-License-Identifier: Apache-2.0 */
/* The steps in order, each leaving in the analysis what it found out: unpack, read the core, make
 * its image, unwind and name every thread, describe the modules, find what it said. A step
 * that finds nothing to work on says so in `problem`, and what came before it stays. */
#include "workerd/analysis/analyse.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/corefile.h"
#include "workerd/analysis/message.h"
#include "workerd/analysis/stacks.h"
#include "workerd/analysis/unpack.h"
#include "workerd/image/elfcore.h"

struct job {
    struct arena *arena;
    const struct engine_maker *maker;
    const struct unpacked_core *unpacked;
    bool variables;
    struct corefile core;
    struct image image;
    struct engine engine;
    struct analysis *out;
};

/* --- The core --- */

static const char *outcome_text(int outcome)
{
    static const char *const texts[] = {
        [CORE_NOT_ELF] = "this is not an ELF file",
        [CORE_NOT_A_CORE] = "this is an ELF file, but not a core: a program or a library",
        [CORE_MALFORMED] = "the core ends within its headers, or its headers are damaged",
        [CORE_UNKNOWN_MACHINE] = "the core comes from a processor that is not supported",
        [CORE_TOO_LARGE] = "the core's tables are larger than is read",
    };

    return texts[outcome];
}

static void describe_image(struct job *j)
{
    const struct image *i = &j->image;
    struct analysis *out = j->out;

    out->architecture = i->layout->name;
    out->pid = i->pid;
    out->signal = i->signal;
    out->code = i->code;
    out->has_address = i->has_address;
    out->address = i->address;
    out->executable = i->executable;
    out->core_truncated = i->truncated || j->unpacked->damaged || j->unpacked->cut;
}

static const char *no_threads_text(const struct corefile *c, struct arena *a)
{
    if (!c->notes_cut)
        return "the core has no threads: nothing tells where it stood";
    return arena_printf(
        a, "the core was cut before its registers: %" PRIu64 " of %" PRIu64 " bytes are here",
        c->bytes.size, c->expected_size);
}

/* --- Modules and the abort message --- */

static void describe_modules(struct job *j)
{
    struct analysis *out = j->out;

    out->modules = arena_array(j->arena, struct module, j->image.n_modules + 1);
    for (size_t i = 0; i < j->image.n_modules; i++) {
        const struct image_module *m = &j->image.modules[i];
        struct module *to = &out->modules[out->n_modules++];

        *to = (struct module){
            .path = m->path, .build_id = m->build_id, .start = m->start, .end = m->end};
        j->engine.describe(j->engine.arg, i, to);
    }
}

static const char *missing_text(const struct module *m, struct arena *a)
{
    if (m->problem)
        return arena_printf(a, "the file %s cannot be used: %s", m->path, m->problem);
    if (!m->build_id)
        return arena_printf(a, "the file %s is not at hand", m->path);
    return arena_printf(a, "the file %s (build-id %s) is not at hand", m->path, m->build_id);
}

static const struct module *module_at(const struct job *j, uint64_t address)
{
    const struct image_module *m = image_module_at(&j->image, address);

    return m ? &j->out->modules[m - j->image.modules] : NULL;
}

/* What keeps the crashed thread's stack from being whole; NULL when nothing does. A file that is
 * missing comes first: beyond it, frames are found by frame pointers at best. */
static const char *find_problem(const struct job *j)
{
    const struct thread *t = &j->out->threads[0];

    for (size_t i = 0; i < t->n_frames; i++) {
        const struct module *m = module_at(j, t->frames[i].pc);

        if (m && m->status == MODULE_MISSING)
            return missing_text(m, j->arena);
    }
    return t->stopped;
}

/* --- All of it --- */

static int ask_engine(struct job *j)
{
    int r = j->maker->open(j->maker->arg, &j->image, &j->engine);

    if (r < 0)
        return r;
    r = stacks_make(&j->engine, j->arena, j->out);
    if (r == 0 && j->variables && j->engine.fill_variables)
        j->engine.fill_variables(j->engine.arg, 0, &j->out->threads[0]);
    if (r == 0) {
        describe_modules(j);
        j->out->message = message_find(&j->engine, j->arena);
        j->out->problem = find_problem(j);
        if (j->engine.explain)
            j->engine.explain(j->engine.arg, j->out);
    }
    if (j->maker->close)
        j->maker->close(j->maker->arg, &j->engine);
    return r;
}

static int open_core(struct job *j)
{
    struct arena *a = j->arena;
    int r = corefile_open(j->unpacked->bytes, a, &j->core);

    if (r < 0)
        return r;
    if (r > 0) {
        j->out->problem = outcome_text(r);
        return 0;
    }
    elfcore_image(&j->core, a, &j->image);
    describe_image(j);
    if (j->image.n_threads == 0) {
        j->out->problem = no_threads_text(&j->core, a);
        return 0;
    }
    return ask_engine(j);
}

int analyse(const struct analyse_input *in, const struct engine_maker *maker, struct arena *a,
            struct analysis *ret)
{
    _cleanup_(unpacked_core_fini) struct unpacked_core unpacked = {.owned_fd = -1};
    struct analysis out = {.engine = maker->name};
    struct job j = {
        .arena = a, .unpacked = &unpacked, .maker = maker, .variables = in->variables, .out = &out};
    int r = unpack_core(in->core_fd, in->scratch_fd, in->core_max, &unpacked);

    if (r < 0)
        return r;
    if (r == UNPACK_NOT_REGULAR) {
        out.problem = "the core is not a regular file";
    } else {
        out.core_bytes = unpacked.bytes.size;
        out.core_truncated = unpacked.damaged || unpacked.cut;
        r = open_core(&j);
        if (r < 0)
            return r;
    }
    *ret = out;
    return 0;
}
