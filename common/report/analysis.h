/* SPDX-License-Identifier: Apache-2.0 */
/* What the workers make of a core: threads, frames, registers, modules, and what went wrong on the
 * way. workerd's sandboxed child formats it as JSON, its parent parses it (as hostile as a core),
 * stores it as analysis.json beside the core; dashd shows it. Addresses and build-ids are
 * hexadecimal texts in JSON, for a JSON number loses 64 bits. Pure. Memory belongs to the arena
 * that was given. */
#ifndef CORRAL_REPORT_ANALYSIS_H
#define CORRAL_REPORT_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"

/* How a frame was found. */
enum frame_trust {
    TRUST_CONTEXT,       /* the registers themselves */
    TRUST_CFI,           /* call frame information */
    TRUST_FRAME_POINTER, /* the chain of frame pointers */
    TRUST_SCAN,          /* looked like a return address on the stack */
};

/* An argument or a local variable of a frame. */
struct variable {
    const char *name;
    const char *type;    /* as the language writes it; NULL: unknown */
    const char *value;   /* as gdb prints it; NULL: it could not be had, and … */
    const char *problem; /* … why, in words: "optimized out", "not in the core"; NULL */
    bool argument;
};

struct frame {
    uint64_t pc;
    const char *function;  /* demangled; NULL when unknown */
    const char *symbol;    /* the linkage name when it differs from function */
    const char *file;      /* as the compiler wrote it, made absolute by its directory */
    const char *source;    /* the same under the name that it has here; NULL: no prefix matched */
    unsigned line, column; /* 0: unknown */
    const char *module;    /* path as mapped; "[vdso]" */
    const char *build_id;
    uint64_t offset;          /* of pc from the module's lowest address; only with a module */
    uint64_t function_offset; /* of pc from the function's start; 0 also when that is unknown */
    bool inlined; /* has no frame of its own: expanded in the next one that is not inlined */
    bool signal;  /* a signal handler's trampoline */
    enum frame_trust trust;
    struct variable *variables; /* arguments first; of frames of the crashing thread, as far as they
                                 * were asked for */
    size_t n_variables;
    uint64_t variables_left_out;
};

struct register_value {
    const char *name; /* gdb's: rax, rip, eflags, x0, pc */
    uint64_t value;
};

struct thread {
    int64_t tid;
    const char *name; /* NULL when the client did not send it */
    bool crashed;
    struct register_value *registers;
    size_t n_registers;
    struct frame *frames; /* innermost first */
    size_t n_frames;
    uint64_t frames_left_out; /* dropped between head and tail, or after the last */
    size_t gap_after;         /* index of the frame after which they are missing, when any are */
    const char *recursion; /* what is missing repeats this: "walk()", "parse() → visit()", caller
                            * first; NULL when nothing repeats */
    const char *stopped;   /* why unwinding ended early, in words; NULL at a real end */
};

enum module_status {
    MODULE_MISSING,  /* its file is not in the module store */
    MODULE_STRIPPED, /* the file is there: unwind tables and dynamic symbols only */
    MODULE_SYMBOLS,  /* … with a full symbol table */
    MODULE_DEBUG,    /* … with debug information */
};

struct module {
    const char *path;
    const char *build_id; /* NULL: unknown */
    uint64_t start, end;
    enum module_status status;
    const char *problem; /* why its file, or its debug information, could not be used; NULL */
};

/* How sure a cause is. */
enum cause_certainty {
    CAUSE_LIKELY,  /* what was found has no other usual reason */
    CAUSE_CERTAIN, /* it follows from what was found */
};

/* A fact that a cause rests on: {"register", "rax = 0x0"}. */
struct evidence {
    const char *what, *value;
};

/* Why it crashed, as the rules of workerd/cause see it. */
struct cause {
    const char *rule;     /* "null-read": stays the same in later versions; NULL: unknown */
    const char *sentence; /* for people */
    enum cause_certainty certainty;
    struct evidence *evidence;
    size_t n_evidence;
    const char *exception; /* the type of the one that nobody caught; NULL */
    int64_t handled;       /* the signal whose handler then ended the program; 0: none */
};

struct analysis {
    const char *engine;       /* "libdwfl 0.188" */
    const char *architecture; /* "x86_64" */
    const char *problem;      /* why there is no stack, or not all of it; NULL when all went well */
    const char *message;      /* abort, assertion or exception text; NULL */
    int64_t pid;
    int64_t signal; /* 0: unknown */
    int64_t code;   /* si_code */
    bool has_address;
    uint64_t address;       /* si_addr */
    const char *executable; /* path from the core */
    uint64_t core_bytes;    /* decompressed */
    bool core_truncated;
    struct cause cause;
    struct thread *threads; /* the crashing one first */
    size_t n_threads;
    uint64_t threads_left_out;
    struct module *modules; /* by address */
    size_t n_modules;
};

/* -EBADMSG when the text is not an analysis or exceeds the limits of limits.h. */
int analysis_parse(struct str json, struct arena *a, struct analysis *ret);
void analysis_format(const struct analysis *an, struct buf *b);

/* Appends the members of one frame's JSON object, without the braces. A pc of 0 is left out. */
void analysis_format_frame(const struct frame *f, struct buf *b);

/* Appends the member "cause"; nothing when it is unknown. */
void analysis_format_cause(const struct cause *c, struct buf *b);

/* The words used in JSON: "cfi", "missing". */
const char *frame_trust_name(enum frame_trust t);
const char *module_status_name(enum module_status s);
const char *cause_certainty_name(enum cause_certainty c);

#endif
