/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/reference/reference.h"

#include "workerd/reference/memory.h"
#include "workerd/reference/modules.h"
#include "workerd/reference/symbolise.h"
#include "workerd/reference/symbols.h"
#include "workerd/reference/tailcalls.h"
#include "workerd/reference/unwind.h"

struct reference {
    const struct module_sources *sources;
    struct modules modules;
    struct memory memory;
    struct symboliser symboliser;
};

static int unwind(void *arg, size_t threads, stack_handler *handler, void *handler_arg)
{
    struct reference *r = arg;

    return unwind_threads(&r->modules, &r->memory, threads, handler, handler_arg);
}

static const struct named_frames *name_frame(void *arg, const struct raw_frame *f)
{
    struct reference *r = arg;

    return symbolise(&r->symboliser, f);
}

static size_t tail_calls(void *arg, const struct raw_frame *inner, const struct raw_frame *outer,
                         uint64_t ret[static TAIL_CALLS_MAX])
{
    struct reference *r = arg;

    return tail_calls_find(&r->modules, outer->pc, raw_frame_address(inner), ret);
}

static void describe(void *arg, size_t i, struct module *ret)
{
    struct reference *r = arg;
    struct mapped_module *m = &r->modules.list[i];

    module_inspect(m);
    ret->build_id = m->build_id;
    ret->status = m->status;
}

static bool variable(void *arg, size_t i, const char *name, uint64_t *ret)
{
    struct reference *r = arg;
    struct mapped_module *m = &r->modules.list[i];
    uint64_t address;

    if (!module_open(m) || !dynamic_symbol_address(m->elf, name, &address))
        return false;
    *ret = address + m->bias;
    return true;
}

static bool read_memory(void *arg, uint64_t address, void *p, size_t n)
{
    struct reference *r = arg;

    return memory_read(&r->memory, address, p, n);
}

static int open_engine(void *arg, struct image *image, struct engine *ret)
{
    struct reference *r = arg;
    int e = modules_init(&r->modules, image, r->sources);

    if (e < 0)
        return e;
    memory_init(&r->memory, &r->modules);
    symboliser_init(&r->symboliser, &r->modules);
    *ret = (struct engine){
        .name = unwind_engine(),
        .image = image,
        .arg = r,
        .unwind = unwind,
        .name_frame = name_frame,
        .tail_calls = tail_calls,
        .describe = describe,
        .variable = variable,
        .read = read_memory,
    };
    return 0;
}

static void close_engine(void *arg, struct engine *e)
{
    struct reference *r = arg;

    (void)e;
    modules_fini(&r->modules);
}

int reference_analyse(const struct analyse_input *in, const struct module_sources *sources,
                      struct arena *a, struct analysis *ret)
{
    struct reference r = {.sources = sources};
    const struct engine_maker maker = {
        .name = unwind_engine(), .open = open_engine, .close = close_engine, .arg = &r};

    return analyse(in, &maker, a, ret);
}
