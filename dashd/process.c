/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/process.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/view/format.h"

/* What a member is shown as. */
enum kind { TEXT, NUMBER, SIZE, LASTED, SECCOMP, YES_NO };

#define FACT(label, kind, member)                                                                  \
    {                                                                                              \
        label, kind, offsetof(struct crash_meta, member)                                           \
    }

static const struct {
    const char *label;
    enum kind kind;
    size_t offset;
} facts[] = {
    FACT("Command line", TEXT, command_line),
    FACT("Working directory", TEXT, working_directory),
    FACT("Parent process", NUMBER, parent_pid),
    FACT("Parent's name", TEXT, parent_comm),
    FACT("Running for", LASTED, uptime),
    FACT("Host up for", LASTED, host_uptime),
    FACT("Control group", TEXT, cgroup),
    FACT("Slice", TEXT, slice),
    FACT("User's unit", TEXT, user_unit),
    FACT("Session", TEXT, session),
    FACT("Owner's uid", NUMBER, owner_uid),
    FACT("Container runtime", TEXT, container_runtime),
    FACT("Container", TEXT, container_id),
    FACT("Pod", TEXT, pod_uid),
    FACT("Package", TEXT, package),
    FACT("Package version", TEXT, package_version),
    FACT("Package architecture", TEXT, package_architecture),
    FACT("Package known from", TEXT, package_source),
    FACT("Signal sent by process", NUMBER, sender_pid),
    FACT("Signal sent by uid", NUMBER, sender_uid),
    FACT("CPU", TEXT, cpu_model),
    FACT("Microcode", TEXT, cpu_microcode),
    FACT("Security label", TEXT, lsm_label),
    FACT("Seccomp", SECCOMP, seccomp),
    FACT("No new privileges", YES_NO, no_new_privs),
    FACT("Capabilities", TEXT, capabilities),
    FACT("OOM score adjustment", NUMBER, oom_score_adj),
    FACT("Memory resident", SIZE, memory_resident),
    FACT("Memory at its peak", SIZE, memory_peak),
    FACT("Memory swapped out", SIZE, memory_swapped),
    FACT("Memory locked", SIZE, memory_locked),
    FACT("Memory of the control group", SIZE, cgroup_memory),
    FACT("Its limit", SIZE, cgroup_memory_max),
    FACT("Read from storage", SIZE, read_bytes),
    FACT("Written to storage", SIZE, write_bytes),
    FACT("Boot", TEXT, boot_id),
    FACT("Machine", TEXT, machine_id),
    FACT("Program counter in", TEXT, pc_module),
    FACT("Kind", TEXT, kind),
    FACT("Client", TEXT, client),
};
_Static_assert(ARRAY_SIZE(facts) <= PROCESS_FACTS_MAX, "all may be there");

/* --- Facts --- */

static const char *seccomp_word(int64_t n)
{
    static const char *const words[] = {"off", "strict", "filter"};

    return n >= 0 && n < (int64_t)ARRAY_SIZE(words) ? words[n] : "unknown";
}

static const char *number_text(enum kind kind, int64_t n, struct arena *a)
{
    char text[FORMAT_SIZE];

    switch (kind) {
    case SIZE:
        format_bytes(n < 0 ? 0 : (uint64_t)n, text);
        return arena_strdup(a, text);
    case LASTED:
        format_duration(n, text);
        return arena_strdup(a, text);
    case SECCOMP:
        return seccomp_word(n);
    case YES_NO:
        return n ? "yes" : "no";
    default:
        return arena_printf(a, "%" PRId64, n);
    }
}

/* NULL: not said. */
static const char *fact_text(const struct crash_meta *m, enum kind kind, size_t offset,
                             struct arena *a)
{
    const char *member = (const char *)m + offset;
    const char *text;
    int64_t n;

    if (kind == TEXT) {
        memcpy(&text, member, sizeof(text));
        return cstr_empty(text) ? NULL : text;
    }
    memcpy(&n, member, sizeof(n));
    return n == META_UNKNOWN ? NULL : number_text(kind, n, a);
}

/* --- Lists --- */

static void add_list(struct process_view *v, const char *label, const char *note,
                     const struct meta_texts *texts, bool open)
{
    if (texts->n > 0)
        v->lists[v->n_lists++] = (struct process_list){label, note, texts, open};
}

static const char *open_files_note(const struct crash_meta *m, struct arena *a)
{
    if (m->open_files_count == META_UNKNOWN || m->open_files_count <= (int64_t)m->open_files.n)
        return "";
    return arena_printf(a, "the first %zu of %" PRId64, m->open_files.n, m->open_files_count);
}

static void add_lists(struct process_view *v, struct arena *a)
{
    const struct crash_meta *m = v->meta;

    add_list(v, "Last lines of the log", "as its host redacted them", &m->log, true);
    add_list(v, "Environment", "a name alone: its value stayed on the host", &m->environment,
             false);
    add_list(v, "Open files", open_files_note(m, a), &m->open_files, false);
    add_list(v, "Limits", "soft, hard, unit", &m->limits, false);
    add_list(v, "Namespaces", "other than those of init", &m->namespaces, false);
}

const struct process_view *process_view_new(const struct crash_meta *m, struct arena *a)
{
    struct process_view *v = arena_new(a, struct process_view);

    v->meta = m;
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
        const char *text = fact_text(m, facts[i].kind, facts[i].offset, a);

        if (text)
            v->facts[v->n_facts++] = (struct process_fact){facts[i].label, text};
    }
    add_lists(v, a);
    return v;
}

/* --- How much was kept --- */

const char *process_kept(const struct event_view *e)
{
    enum fidelity said = e->record ? e->record->meta.fidelity : FIDELITY_UNSAID;

    if (e->has_full)
        return "full core";
    switch (said) {
    case FIDELITY_FULL:
        return "slim core; the full one is not here, or not yet";
    case FIDELITY_SLIM:
        return "slim core: stacks and what they point at";
    case FIDELITY_META:
        return "metadata, no memory";
    case FIDELITY_COUNT:
        return "its number";
    default:
        return NULL;
    }
}
