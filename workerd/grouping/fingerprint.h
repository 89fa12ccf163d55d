/* SPDX-License-Identifier: Apache-2.0 */
/* Which crashes are the same bug. A crash has several keys. The first decides; the others lead to a
 * group only where the first leads nowhere yet, and from then on all of them lead there.
 *
 * The symbol key is SHA-256 over the version of this algorithm, the class of the crash
 * (workerd/grouping/kinds.h), what tells two of a class apart at one place (the expression of an
 * assertion, the type of an exception), and the normalised functions of the frames that say
 * something (workerd/grouping/selection.h): at most FINGERPRINT_SYMBOLS of them; module, build-id
 * and offset where one has no name. Line numbers, addresses, paths, arguments, template arguments,
 * the message's wording and parameters, and the number of times that a recursion went round never
 * take part. Frames count whether or not debug information made them inline ones, so that an
 * optimised build groups with a plain one.
 *
 * A second symbol key is that of the frames that are not inline: those that a build has of which no
 * debug information tells of inline frames. Several bugs may be inline in one function, so there is
 * none where the innermost frame that counts is inline itself, unless an expression or a type tells
 * them apart.
 *
 * The address key is the same over what is known without any names: frames that are not inline, of
 * which those in runtime libraries are told by their module; build-id and offset of at most
 * FINGERPRINT_ADDRESSES of them (of an abort, FINGERPRINT_ABORT_ADDRESSES); and not the class, only
 * whether the signal is one of a fault or an abort. So two stacks of one build whose code outside
 * of runtime libraries is at the same places have the same one, whether names were known for all of
 * it, some of it or none. A stack with names has it besides its symbol key, but only where both
 * begin at the same frame and every module is known by build-id: where names tell that the
 * innermost frames are a wrapper or only report (an allocator or Rust's panics, which are inside
 * the program), crashes of many bugs have the same addresses. Of a stack without names, modules
 * without build-id count by name.
 *
 * The call key is for aborts whose reporter is known by name, if only that of a library's
 * __assert_fail() or __cxa_throw(): the addresses right below it, FINGERPRINT_ADDRESSES of them (of
 * stack smashing, one). It has no class and no message, so that a crash whose message is lost is
 * with the others of its build, and it is not given by what is known of nothing but abort():
 * there the frames below may be a panic's machinery.
 *
 * The place key is build-id, class, and the file and line that a panic's or an assertion's message
 * names, with what it says. It takes no frame at all, so it is good for stripped programs.
 *
 * A stack without any usable frame groups by executable, class, message without its parameters, and
 * the module of its innermost frame.
 *
 * A stack overflow dies anywhere in its cycle, so its keys have the frames of the cycle in
 * alphabetical order. Every decision is returned, to be stored and shown. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_FINGERPRINT_H
#define CORRAL_WORKERD_GROUPING_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/report/analysis.h"
#include "workerd/grouping/rules.h"

/* Stored beside each fingerprint: a change of what is hashed is a new version. */
#define FINGERPRINT_VERSION 3
/* Callers further out split one bug by the ways that lead to it: docs/grouping.md has the figures.
 */
#define FINGERPRINT_SYMBOLS 2
/* Of an assertion, whose expression or function is one place. */
#define FINGERPRINT_ASSERTION 1
/* An address is one place in one build. */
#define FINGERPRINT_ADDRESSES 2
/* More than Rust has above the function that panics, with that function. */
#define FINGERPRINT_ABORT_ADDRESSES 16
/* Functions of a cycle, which all count. */
#define FINGERPRINT_CYCLE 8
/* No more frames are kept than that. */
#define FINGERPRINT_KEPT_MAX 16

enum overflow_evidence { OVERFLOW_UNKNOWN, OVERFLOW_NO, OVERFLOW_YES };

/* What grouping needs to know of a crash; any of it may be missing. */
struct crash_stack {
    int64_t signal;             /* 0: unknown */
    int64_t code;               /* si_code; 0: unknown */
    const char *message;        /* abort, assertion, exception or panic text */
    const char *executable;     /* path */
    const struct frame *frames; /* of the crashing thread, innermost first */
    size_t n_frames;
    const char *why;       /* of crashes that were only counted: why; part of the kind of those that
                              nothing else is known of. NULL */
    int64_t handled;       /* for which signal a handler on the stack was called; 0: unknown */
    const char *exception; /* the type of what was thrown and not caught; NULL: unknown */
    enum overflow_evidence overflow; /* did the fault hit just below the stack pointer? */
};

enum verdict_kind {
    VERDICT_KEPT,     /* takes part */
    VERDICT_SKIPPED,  /* by rule */
    VERDICT_CUT,      /* reporting, or above it: by rule */
    VERDICT_BOTTOM,   /* below the program's first function: by rule */
    VERDICT_REPEATED, /* once more round a recursion */
    VERDICT_LIMIT,    /* below as many kept ones as count */
};

struct verdict {
    enum verdict_kind kind;
    const char *rule; /* of etc/grouping.rules or a site's, or one of selection.c's own: "no-name";
                         NULL */
    const char *name; /* the normalised function; NULL when there is none */
    const char *key;  /* what is hashed when it is kept; NULL for a frame without name and module */
};

/* The numbers are stored. */
enum key_kind {
    KEY_PROGRAM,   /* no usable frame */
    KEY_ADDRESSES, /* of one build */
    KEY_SYMBOLS,
    KEY_CALL,  /* of one build: what called those who report crashes */
    KEY_PLACE, /* of one build: where the message says that it was */
};

struct grouping_key {
    enum key_kind kind;
    uint8_t digest[SHA256_SIZE];
};

#define GROUPING_KEYS_MAX 5

struct grouping {
    struct grouping_key keys[GROUPING_KEYS_MAX]; /* the first is the fingerprint */
    size_t n_keys;                               /* at least one */
    enum crash_kind kind;
    const char *class;  /* "memory" */
    const char *detail; /* of the kind: expression, type, message, what a sanitizer found; NULL */
    struct verdict *verdicts; /* one for each frame */
    size_t n_kept;
    bool has_culprit;
    size_t culprit;    /* index of the frame that a title names */
    bool unsymbolised; /* no kept frame has a function */
    bool handled;      /* the signal is the program's own handler's, which another had started */
    int64_t handled_signal; /* then: which one; 0: unknown */
};

void fingerprint_make(const struct rules *rules, const struct crash_stack *stack, struct arena *a,
                      struct grouping *ret);

/* "kept", "skipped", ... and "symbols", ... as in JSON. */
const char *verdict_name(enum verdict_kind k);
const char *key_kind_name(enum key_kind k);

#endif
