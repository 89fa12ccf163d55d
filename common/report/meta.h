/* SPDX-License-Identifier: Apache-2.0 */
/* What the host knows about a crash: the `meta` part of an upload, as struct and as JSON. The
 * client formats it, ingestd checks and stores it, workerd and dashd read it back. Every field but
 * the crash id may be missing; a missing number is META_UNKNOWN, a missing text NULL. Texts are
 * valid UTF-8 (repaired by the maker), capped by limits.h; all of it is hostile. Pure: no io. The
 * JSON's keys are documented in docs/protocol.md. */
#ifndef CORRAL_REPORT_META_H
#define CORRAL_REPORT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/report/fidelity.h"

#define META_UNKNOWN INT64_MIN

enum core_encoding { CORE_IDENTITY, CORE_ZSTD };

struct meta_thread {
    int64_t tid;
    const char *name; /* comm, at most 15 bytes */
};

/* A file mapped into the process. */
struct meta_module {
    const char *path;     /* as the process saw it */
    const char *build_id; /* lower-case hexadecimal; NULL when the file has none */
    uint64_t start, end;  /* lowest and highest address of its mappings */
    bool offered;         /* the client holds a copy and will upload it when the server lacks it */
};

struct meta_tag {
    const char *key, *value;
};

/* A list of texts; what a longer list had beyond its limit is left out and said in cut_fields. */
struct meta_texts {
    const char **items;
    size_t n;
};

struct crash_meta {
    const char *crash_id; /* UUIDv7 made by the client */
    const char *client;   /* "corral-handler 0.1.0" */
    int64_t crashed_at;   /* usec since the epoch, the host's clock */
    const char *hostname;
    const char *executable; /* path */
    const char *comm;       /* name of the crashing thread */
    const char *command_line;
    const char *version; /* of the crashed program, as its owner calls it */
    const char *package, *package_version, *package_architecture; /* that the executable is of */
    const char *package_source; /* who says so: "note" (the ELF file itself) or "dpkg" */
    int64_t pid, tid;           /* in the initial pid namespace */
    int64_t uid, gid;
    int64_t signal;
    int64_t cpu;
    int64_t dump_mode;  /* %d of core(5): 1 normal, 2 root only */
    bool imported;      /* it happened long ago, and was kept elsewhere meanwhile */
    bool restricted;    /* set-uid or not dumpable: for few eyes only */
    int64_t started_at; /* usec since the epoch */
    const char *unit;   /* systemd unit from the cgroup */
    const char *cgroup;
    const char *working_directory;
    const char *kernel; /* release */
    const char *architecture;
    const char *distribution; /* PRETTY_NAME of os-release */
    const char *boot_id, *machine_id;
    int64_t parent_pid; /* in the initial pid namespace */
    const char *parent_comm;
    const char *user_unit, *slice; /* unit of the user's own manager */
    const char *session;           /* of logind */
    int64_t owner_uid;             /* user whose slice it ran in */
    const char *container_runtime; /* "docker", "containerd", "cri-o", "podman", "lxc", "machine" */
    const char *container_id;      /* as the runtime calls it */
    const char *pod_uid;           /* of Kubernetes */
    const char *signal_address;    /* si_addr of a fault: "0x1f" */
    int64_t sender_pid, sender_uid;        /* who sent the signal, of one that was sent */
    const char *cpu_model, *cpu_microcode; /* of the CPU that it ran on */
    int64_t host_uptime, uptime;           /* of host and process: usec, suspend included */
    const char *lsm_label;                 /* AppArmor profile, SELinux context */
    int64_t seccomp;                       /* 0 off, 1 strict, 2 filter */
    int64_t no_new_privs;                  /* 0, 1 */
    const char *capabilities;              /* effective ones, as hexadecimal digits */
    int64_t oom_score_adj;
    int64_t memory_peak, memory_resident, memory_swapped, memory_locked; /* bytes */
    int64_t cgroup_memory, cgroup_memory_max; /* bytes; no maximum: META_UNKNOWN */
    int64_t read_bytes, write_bytes;          /* from and to storage */
    struct meta_texts namespaces;             /* those that are not init's: "net:[4026532281]" */
    struct meta_texts limits;      /* "Max open files 1024 524288 files": soft, hard, unit */
    struct meta_texts open_files;  /* "3 /path", "4 socket:[5123]" */
    int64_t open_files_count;      /* all of them */
    struct meta_texts environment; /* "NAME=value", or "NAME" where the value stays on the host */
    struct meta_texts log;         /* last lines of the unit's journal */
    bool cut;                      /* some field was longer than its limit: … */
    struct meta_texts cut_fields;  /* … these, as far as it is known */

    enum fidelity fidelity; /* how much was kept */
    const char *kind;       /* client/handler/key.h; hexadecimal */
    int64_t signal_code;    /* si_code */
    const char *pc_module,
        *pc_build_id;  /* where the program counter was, of a crash without a core */
    int64_t pc_offset; /* from the lowest address of that module */
    int64_t
        occurrences; /* so many crashes in one report, which were only counted; META_UNKNOWN: one */
    const char *like; /* … they are of the kind of this crash id */
    int64_t first_at; /* … and happened from then to `timestamp` (usec) */

    enum core_encoding encoding;
    int64_t core_bytes;    /* of the core before compression, as received from the kernel */
    int64_t core_expected; /* what its own program headers promise */
    bool core_truncated;
    const char *core_problem; /* why it is truncated or missing, in words */

    struct meta_thread *threads;
    size_t n_threads;
    struct meta_module *modules;
    size_t n_modules;
    struct meta_tag *tags;
    size_t n_tags;
};

/* All unknown. */
void meta_init(struct crash_meta *m);
/* Notes that the field of this name (not copied) was cut. */
void meta_cut(struct crash_meta *m, struct arena *a, const char *name);

struct meta_error {
    char pointer[128]; /* RFC 6901, of the wrong value; "" for the whole text */
    char message[192];
};

/* Positive outcomes of meta_parse. */
enum meta_outcome {
    META_MALFORMED = 1, /* not JSON, nested too deep, a key twice: 400 */
    META_OUT_OF_BOUNDS, /* JSON, but a field has the wrong type or is too long: 422 */
};

/* Reads JSON into *ret, all memory from the arena. On a positive outcome ret_error is filled.
 * Unknown keys are accepted: an old server takes a new client's report. */
int meta_parse(struct str json, struct arena *a, struct crash_meta *ret,
               struct meta_error *ret_error);
/* Appends the JSON object; buf_error of b tells. */
void meta_format(const struct crash_meta *m, struct buf *b);

/* Plain fields, as people with curl send them: sets the field of that name from text.
 * META_OUT_OF_BOUNDS as above; META_MALFORMED for a name that no field has. Names: executable, pid,
 * tid, uid, gid, signal (number or name), timestamp (seconds or RFC 3339), hostname, version, comm,
 * command_line, unit, package, kernel, architecture, distribution, encoding, crash_id, and tag.KEY.
 */
int meta_set_field(struct crash_meta *m, struct arena *a, struct str name, struct str value,
                   struct meta_error *ret_error);

#endif
