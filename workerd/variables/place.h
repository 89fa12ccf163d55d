/* SPDX-License-Identifier: Apache-2.0 */
/* Where a variable lies: in memory, in a register of the frame, nowhere but in the debug
 * information itself, or in pieces of these (DWARF 5, section 2.6). A place is found once and then
 * read by whoever prints the value; it knows why there is nothing to be read. */
#ifndef CORRAL_WORKERD_VARIABLES_PLACE_H
#define CORRAL_WORKERD_VARIABLES_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/image/image.h"
#include "workerd/unwind/registers.h"
#include "workerd/variables/debug.h"

#define PLACE_PIECES_MAX 64u

#define PLACE_OPTIMIZED_OUT "optimized out"
#define PLACE_NOT_IN_CORE   "not in the core"
#define PLACE_UNREADABLE    "its location cannot be read"

/* Files of modules, for what a dump lacks of them. */
struct module_bytes {
    /* A module's file, which stays where it is; false: not at hand. */
    bool (*bytes)(void *arg, const struct image_module *m, struct span *ret);
    void *arg;
};

/* One frame that is not inlined, as variables see it. */
struct frame_view {
    struct image *image;
    const struct module_bytes *files;  /* NULL: none */
    const struct registers *registers; /* as far as they are known in this frame */
    const uint8_t *vectors;            /* as the image's layout has them; NULL: not known */
    uint64_t thread;                   /* where fs points to, or its like; 0: not known */
    bool is_program;                   /* the frame's module is that, and no library */
    uint64_t address; /* of the instruction, in the process: of a caller inside the call */
    uint64_t pc;      /* as in the frame: of a caller the return address */
    uint64_t bias;    /* process address = file address + bias */
    bool has_cfa;
    uint64_t cfa;
    struct debug *debug;             /* NULL: none */
    const struct frame_view *caller; /* for values at a function's entry; NULL: none */
};

enum place_kind {
    PLACE_MEMORY,   /* at address */
    PLACE_REGISTER, /* in a register */
    PLACE_VALUE,    /* in number: what an expression has computed */
    PLACE_BYTES,    /* in bytes, of the debug information */
    PLACE_POINTER,  /* it would point to something that has no address: nothing to read */
    PLACE_NOWHERE,  /* optimized out */
};

struct place_piece {
    enum place_kind kind;
    uint64_t bits; /* of the value; 0: all of the rest */
    uint64_t skip; /* bits of the source that are passed over */
    uint64_t address, number;
    unsigned reg;
    struct span bytes;
};

struct place {
    const struct frame_view *frame;
    struct place_piece *pieces; /* in the arena; one, as a rule */
    size_t n;
    const char *problem; /* why it is nowhere: static; then n is 0. NULL */
};

/* Of a DW_TAG_variable or DW_TAG_formal_parameter: DW_AT_const_value, DW_AT_location (an
 * expression, or a list of them by address). `function` is the DW_TAG_subprogram around it, whose
 * DW_AT_frame_base counts. Always fills *ret. */
void place_of_variable(const struct frame_view *f, const struct entry *function,
                       const struct entry *variable, struct arena *a, struct place *ret);
/* A place in memory. */
void place_of_memory(const struct frame_view *f, uint64_t address, struct arena *a,
                     struct place *ret);
/* The address, when all of it lies in memory. */
bool place_address(const struct place *p, uint64_t *ret);
/* The n bytes from offset on, as the process has them. False with why not: static, one of the three
 * above. */
bool place_read(const struct place *p, uint64_t offset, void *to, size_t n, const char **ret_why);

#endif
