/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/metafields.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/limits.h"

#define AT(member) offsetof(struct crash_meta, member)

const struct meta_field meta_fields[] = {
    {"crash_id", META_TEXT, AT(crash_id), 0, UUID_TEXT_SIZE - 1, true},
    {"client", META_TEXT, AT(client), 0, 128, true},
    {"timestamp", META_TIME, AT(crashed_at), 0, 0, true},
    {"hostname", META_TEXT, AT(hostname), 0, 255, true},
    {"executable", META_TEXT, AT(executable), 0, META_TEXT_MAX, true},
    {"comm", META_TEXT, AT(comm), 0, 64, true},
    {"command_line", META_TEXT, AT(command_line), 0, META_CMDLINE_MAX, true},
    {"version", META_TEXT, AT(version), 0, 255, true},
    {"package", META_TEXT, AT(package), 0, 255, true},
    {"pid", META_NUMBER, AT(pid), 0, INT32_MAX, true},
    {"tid", META_NUMBER, AT(tid), 0, INT32_MAX, true},
    {"uid", META_NUMBER, AT(uid), 0, UINT32_MAX, true},
    {"gid", META_NUMBER, AT(gid), 0, UINT32_MAX, true},
    {"signal", META_SIGNAL, AT(signal), 0, 128, true},
    {"cpu", META_NUMBER, AT(cpu), 0, INT32_MAX, true},
    {"dump_mode", META_NUMBER, AT(dump_mode), 0, 2, true},
    {"imported", META_BOOL, AT(imported), 0, 0, false},
    {"restricted", META_BOOL, AT(restricted), 0, 0, false},
    {"started_at", META_TIME, AT(started_at), 0, 0, true},
    {"unit", META_TEXT, AT(unit), 0, 255, true},
    {"cgroup", META_TEXT, AT(cgroup), 0, META_TEXT_MAX, true},
    {"working_directory", META_TEXT, AT(working_directory), 0, META_TEXT_MAX, true},
    {"kernel", META_TEXT, AT(kernel), 0, 255, true},
    {"architecture", META_TEXT, AT(architecture), 0, 32, true},
    {"distribution", META_TEXT, AT(distribution), 0, 255, true},
    {"boot_id", META_TEXT, AT(boot_id), 0, 64, true},
    {"machine_id", META_TEXT, AT(machine_id), 0, 64, true},
    {"parent_pid", META_NUMBER, AT(parent_pid), 0, INT32_MAX, false},
    {"parent_comm", META_TEXT, AT(parent_comm), 0, 64, false},
    {"user_unit", META_TEXT, AT(user_unit), 0, 255, false},
    {"slice", META_TEXT, AT(slice), 0, 255, false},
    {"session", META_TEXT, AT(session), 0, 64, false},
    {"owner_uid", META_NUMBER, AT(owner_uid), 0, UINT32_MAX, false},
    {"container_runtime", META_TEXT, AT(container_runtime), 0, 32, false},
    {"container_id", META_TEXT, AT(container_id), 0, 64, false},
    {"pod_uid", META_TEXT, AT(pod_uid), 0, 36, false},
    {"package_version", META_TEXT, AT(package_version), 0, 255, false},
    {"package_architecture", META_TEXT, AT(package_architecture), 0, 32, false},
    {"package_source", META_TEXT, AT(package_source), 0, 32, false},
    {"signal_address", META_TEXT, AT(signal_address), 0, 18, false},
    {"sender_pid", META_NUMBER, AT(sender_pid), 0, INT32_MAX, false},
    {"sender_uid", META_NUMBER, AT(sender_uid), 0, UINT32_MAX, false},
    {"cpu_model", META_TEXT, AT(cpu_model), 0, 255, false},
    {"cpu_microcode", META_TEXT, AT(cpu_microcode), 0, 32, false},
    {"host_uptime", META_NUMBER, AT(host_uptime), 0, INT64_MAX, false},
    {"uptime", META_NUMBER, AT(uptime), 0, INT64_MAX, false},
    {"lsm_label", META_TEXT, AT(lsm_label), 0, 255, false},
    {"seccomp", META_NUMBER, AT(seccomp), 0, 2, false},
    {"no_new_privs", META_NUMBER, AT(no_new_privs), 0, 1, false},
    {"capabilities", META_TEXT, AT(capabilities), 0, 16, false},
    {"oom_score_adj", META_NUMBER, AT(oom_score_adj), -1000, 1000, false},
    {"memory_peak", META_NUMBER, AT(memory_peak), 0, INT64_MAX, false},
    {"memory_resident", META_NUMBER, AT(memory_resident), 0, INT64_MAX, false},
    {"memory_swapped", META_NUMBER, AT(memory_swapped), 0, INT64_MAX, false},
    {"memory_locked", META_NUMBER, AT(memory_locked), 0, INT64_MAX, false},
    {"cgroup_memory", META_NUMBER, AT(cgroup_memory), 0, INT64_MAX, false},
    {"cgroup_memory_max", META_NUMBER, AT(cgroup_memory_max), 0, INT64_MAX, false},
    {"read_bytes", META_NUMBER, AT(read_bytes), 0, INT64_MAX, false},
    {"write_bytes", META_NUMBER, AT(write_bytes), 0, INT64_MAX, false},
    {"namespaces", META_TEXTS, AT(namespaces), 16, 64, false},
    {"limits", META_TEXTS, AT(limits), 32, 128, false},
    {"open_files", META_TEXTS, AT(open_files), META_OPEN_FILES_MAX, 255, false},
    {"open_files_count", META_NUMBER, AT(open_files_count), 0, INT32_MAX, false},
    {"environment", META_TEXTS, AT(environment), META_ENVIRONMENT_MAX, META_TEXT_MAX, false},
    {"log", META_TEXTS, AT(log), META_LOG_LINES_MAX, META_LOG_LINE_MAX, false},
    {"cut", META_BOOL, AT(cut), 0, 0, false},
    {"cut_fields", META_TEXTS, AT(cut_fields), META_CUT_FIELDS_MAX, 64, false},
    {"fidelity", META_FIDELITY, AT(fidelity), 0, 0, false},
    {"kind", META_TEXT, AT(kind), 0, 64, false},
    {"signal_code", META_NUMBER, AT(signal_code), INT32_MIN, INT32_MAX, false},
    {"pc_module", META_TEXT, AT(pc_module), 0, META_TEXT_MAX, false},
    {"pc_build_id", META_TEXT, AT(pc_build_id), 0, BUILD_ID_TEXT_SIZE - 1, false},
    {"pc_offset", META_NUMBER, AT(pc_offset), 0, INT64_MAX, false},
    {"occurrences", META_NUMBER, AT(occurrences), 1, INT32_MAX, false},
    {"like", META_TEXT, AT(like), 0, UUID_TEXT_SIZE - 1, false},
    {"first_at", META_TIME, AT(first_at), 0, 0, false},
    {"encoding", META_ENCODING, AT(encoding), 0, 0, true},
    {"core_bytes", META_NUMBER, AT(core_bytes), 0, INT64_MAX, false},
    {"core_expected", META_NUMBER, AT(core_expected), 0, INT64_MAX, false},
    {"core_truncated", META_BOOL, AT(core_truncated), 0, 0, false},
    {"core_problem", META_TEXT, AT(core_problem), 0, 1024, true},
};

const size_t meta_n_fields = ARRAY_SIZE(meta_fields);

const char *const meta_encodings[] = {[CORE_IDENTITY] = "identity", [CORE_ZSTD] = "zstd"};
const size_t meta_n_encodings = ARRAY_SIZE(meta_encodings);

void meta_init(struct crash_meta *m)
{
    memset(m, 0, sizeof(*m));
    for (size_t i = 0; i < meta_n_fields; i++)
        if (meta_fields[i].type == META_NUMBER || meta_fields[i].type == META_TIME ||
            meta_fields[i].type == META_SIGNAL)
            *(int64_t *)meta_member(m, &meta_fields[i]) = META_UNKNOWN;
}

/* Rare, and few: each time the list is copied, for it may be one that was parsed. */
void meta_cut(struct crash_meta *m, struct arena *a, const char *name)
{
    struct meta_texts *list = &m->cut_fields;
    const char **items;

    m->cut = true;
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], name) == 0)
            return;
    if (list->n == META_CUT_FIELDS_MAX)
        return;
    items = arena_array(a, const char *, list->n + 1);
    if (list->n > 0)
        memcpy(items, list->items, list->n * sizeof(*items));
    items[list->n++] = name;
    list->items = items;
}
