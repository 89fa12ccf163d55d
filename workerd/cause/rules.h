/* SPDX-License-Identifier: Apache-2.0 */
/* Within workerd/cause: rules as rows. A rule that holds is the cause; its sentence is a template
 * (words.h), its evidence a set of facts that are then shown. */
#ifndef CORRAL_WORKERD_CAUSE_RULES_H
#define CORRAL_WORKERD_CAUSE_RULES_H

#include "workerd/cause/facts.h"

enum verdict { VERDICT_NO, VERDICT_LIKELY, VERDICT_CERTAIN };

enum evidence_kind {
    EVIDENCE_INSTRUCTION = 1 << 0, /* what it does to memory */
    EVIDENCE_REGISTERS = 1 << 1,   /* that its address is made of */
    EVIDENCE_ADDRESS = 1 << 2,     /* what is there */
    EVIDENCE_TARGET = 1 << 3,      /* where it went, or was to go, and what is there */
    EVIDENCE_CALLER = 1 << 4,      /* the first frame that has a function, behind the innermost */
    EVIDENCE_MESSAGE = 1 << 5,
    EVIDENCE_SENDER = 1 << 6,
    EVIDENCE_BYTES = 1 << 7,   /* of the instruction */
    EVIDENCE_STACK = 1 << 8,   /* the stack pointer, the stack, how deep it is */
    EVIDENCE_DIVISOR = 1 << 9, /* and the dividend */
    EVIDENCE_CALL = 1 << 10,   /* the system call */
    EVIDENCE_FRAME = 1 << 11,  /* the function that the rule is about */
};

/* What a rule found, besides the facts. */
struct finding {
    const struct facts *facts;
    int pointer;         /* the register that holds what the rule is about; REGISTER_NONE */
    uint64_t value;      /* … what it holds */
    const char *meaning; /* of the value, in words; or what the rule explains */
    char text[16];       /* the value as text */
    const char *message; /* what the program said */
    size_t frame;        /* that the rule is about; SIZE_MAX: none */
    const char *type;    /* of an exception; NULL */
    const char *what;    /* … its text; NULL */
    struct image_range stack;
};

struct rule {
    const char *name;
    int signal; /* 0: any */
    enum verdict (*when)(struct finding *f);
    const char *sentence;
    unsigned evidence; /* enum evidence_kind */
};

extern const struct rule
    fault_rules[]; /* what the processor refused, and why; ends with name NULL */
extern const struct rule signal_rules[]; /* what was sent, by whom */

/* What the program said, or which functions it called, before it gave up. False: nothing known. */
bool said_rule(struct finding *f, struct arena *a, struct rule *ret);

#endif
