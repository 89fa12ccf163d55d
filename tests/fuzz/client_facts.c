/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Texts of /proc, of dpkg and of an ELF note, each given to every parser that makes metadata of
 * them; what they make is valid metadata. */
#include "client/process/facts.h"

#include <assert.h>
#include <string.h>

#include "client/process/cgroup.h"
#include "client/process/package.h"
#include "client/process/package_note.h"
#include "client/process/privacy.h"
#include "common/base/cleanup.h"
#include "common/report/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_facts(struct str text, struct arena *a, struct crash_meta *m)
{
    facts_from_status(text, a, m);
    (void)facts_same_ids(text);
    facts_from_limits(text, a, m);
    facts_from_io(text, m);
    m->cpu = 1;
    facts_from_cpuinfo(text, a, m);
}

static void try_cgroup(struct str text)
{
    struct cgroup g;

    cgroup_parse(text, &g);
    assert(strlen(g.container) <= CGROUP_ID_MAX && strlen(g.pod) <= CGROUP_POD_MAX);
    assert(!strpbrk(g.container, "/; \n$") && (g.runtime || !g.container[0]));
}

static void try_package(struct str text)
{
    struct package_status status;
    struct package_note note;

    (void)package_status_find(text, STR("app"), STR(""), &status);
    text = package_note_find(text);
    (void)package_note_parse(text, &note);
}

static void try_privacy(struct str text, struct arena *a, struct crash_meta *m)
{
    struct settings s = {.environment = (char *)(uintptr_t) "LANG LC_*"};
    size_t half = text.n / 2;
    struct privacy_areas areas = {
        .arguments = {0x1000, half, {text.p, half}},
        .environment = {0x1000 + half, text.n - half, {text.p + half, text.n - half}},
    };
    struct privacy p;

    privacy_apply(&areas, &s, a, m, &p);
    assert(strlen(p.arguments) <= 79 && p.n_ranges <= PRIVACY_RANGES_MAX);
    for (size_t i = 0; i < p.n_ranges; i++)
        assert(p.ranges[i].n > 0 && p.ranges[i].start >= 0x1000 &&
               p.ranges[i].start + p.ranges[i].n <= 0x1000 + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(2 * META_JSON_MAX);
    struct str text = {(const char *)data, size};
    struct crash_meta m, again;
    struct package_note note;
    struct meta_error error;

    meta_init(&m);
    try_facts(text, &a, &m);
    try_cgroup(text);
    try_package(text);
    (void)package_note_parse(text, &note);
    if (size <= PRIVACY_ARGUMENTS_MAX)
        try_privacy(text, &a, &m);
    meta_format(&m, &b);
    assert(meta_parse((struct str){b.data, b.len}, &a, &again, &error) == 0);
    return 0;
}
