/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/postmortem.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

#define HEAD_MAX 65536 /* of a module in memory: its headers and notes are at its start */

/* NULL when it was not dumped, or has none. */
static const char *build_id_at(const struct corefile *core, uint64_t address, struct arena *a,
                               bool *ret_elf)
{
    _cleanup_free_ char *head = malloc(HEAD_MAX);
    char build_id[ELF_BUILD_ID_TEXT];
    struct elf_view v;
    ssize_t n = head ? corefile_read(core, address, head, HEAD_MAX) : 0;

    *ret_elf = n > 0 && elf_open(head, (size_t)n, &v) == 0;
    if (!*ret_elf || elf_build_id(&v, build_id) != 0)
        return NULL;
    return arena_strdup(a, build_id);
}

/* Mappings of one file follow each other. A file counts as module when its first page lies in the
 * core and is an ELF header: the kernel puts those there, and no page of a data file. */
static void read_modules(const struct corefile *core, struct arena *a, struct crash_meta *m)
{
    m->modules = arena_array(a, struct meta_module, META_MODULES_MAX);
    for (size_t i = 0; i < core->n_mappings;) {
        const struct core_mapping *first = &core->mappings[i];
        struct meta_module module = {.path = first->path, .start = first->start};
        bool elf = false;

        for (; i < core->n_mappings && strcmp(core->mappings[i].path, first->path) == 0; i++)
            module.end = core->mappings[i].end;
        if (first->file_offset == 0)
            module.build_id = build_id_at(core, first->start, a, &elf);
        if (!elf)
            continue;
        if (m->n_modules == META_MODULES_MAX) {
            m->cut = true;
            return;
        }
        m->modules[m->n_modules++] = module;
    }
}

void postmortem_read(const struct corefile *core, struct arena *a, struct crash_meta *m)
{
    const struct core_mapping *program = corefile_mapping(core, core->auxv_entry);

    m->pid = core->pid ? core->pid : META_UNKNOWN;
    m->signal = core->has_siginfo ? core->signal : META_UNKNOWN;
    if (core->n_threads > 0) {
        m->tid = core->threads[0].tid;
        if (m->signal == META_UNKNOWN)
            m->signal = core->threads[0].signal;
    }
    m->comm = core->name;
    m->command_line = core->arguments;
    m->executable = program ? program->path : NULL;
    m->core_bytes = (int64_t)core->bytes.size;
    m->core_expected = (int64_t)core->expected_size;
    m->core_truncated = core->truncated;
    if (core->truncated)
        m->core_problem = "the core file is shorter than its own headers say";
    read_modules(core, a, m);
}

struct meta_module *postmortem_program(const struct corefile *core, struct crash_meta *m)
{
    for (size_t i = 0; i < m->n_modules; i++)
        if (core->auxv_entry >= m->modules[i].start && core->auxv_entry < m->modules[i].end)
            return &m->modules[i];
    return NULL;
}
