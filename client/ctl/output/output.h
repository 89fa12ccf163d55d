/* SPDX-License-Identifier: Apache-2.0 */
/* How results are shown: for people on a terminal (colours, a pager, tables cut to its width), as
 * lines of tab-separated values where text goes into a pipe or a file, or for programs as JSON or
 * CSV. Whatever was written by a crashed program or a host is shown so that a terminal obeys none
 * of it (text.h). */
#ifndef CORRAL_CLIENT_CTL_OUTPUT_OUTPUT_H
#define CORRAL_CLIENT_CTL_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "common/base/buf.h"

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JSONL, OUTPUT_CSV };

struct output {
    enum output_format format;
    bool terminal; /* stdout is one */
    bool colours;
    bool paged;     /* a pager may be started */
    unsigned width; /* columns of the terminal; 0: any */
};

enum colour { PLAIN, BOLD, DIM, RED, YELLOW, GREEN };

/* Finishes what the options began, from the environment (NO_COLOR, COLUMNS, TERM) and the terminal.
 * when: "auto", "always", "never" or NULL. -1: it is none of these. */
int output_prepare(struct output *o, const char *when, bool no_pager);

/* stdout goes through $PAGER (less -FRX) from here on, when text goes to a terminal. */
void output_page(const struct output *o);
/* Everything is written and the pager has ended: 0 or -errno of what could not be written. */
int output_finish(void);

/* The sequence that begins a colour and the one that ends it; "" without colours. */
const char *output_begin(const struct output *o, enum colour c);
const char *output_end(const struct output *o);

/* A value as one JSON text and a line break; on a terminal indented, and in ASCII alone. */
void output_json(const struct output *o, const json_t *value);
/* "label   text", the text made visible; nothing when it is NULL or empty. */
void output_fact(const struct output *o, const char *label, const char *text);
/* A text on stdout, made visible, in one line or as the lines that it has. */
void output_text(const char *text);
void output_lines(const char *text);

#endif
