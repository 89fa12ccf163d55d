/* SPDX-License-Identifier: Apache-2.0 */
/* What tells the crashes of a group apart when it is split: a frame behind those that count, the
 * signal, or the program. It is written in three ways: {"frame": 2} in the database, frame-2 in
 * forms and addresses, words on pages. Pure. */
#ifndef CORRAL_DASHD_GROUPING_SELECTOR_H
#define CORRAL_DASHD_GROUPING_SELECTOR_H

#include <stdbool.h>

#include <jansson.h>

#include "common/base/arena.h"

/* Frames behind the kept ones that a group may be split by; the first is 1. */
#define SELECTOR_FRAME_MAX 32
/* Of these the page says what they would do. */
#define SELECTOR_FRAMES_SHOWN 8

enum selector_kind { SELECT_NOTHING, SELECT_FRAME, SELECT_SIGNAL, SELECT_EXECUTABLE };

struct selector {
    enum selector_kind kind;
    unsigned frame; /* SELECT_FRAME */
};

/* "frame-2", "signal", "executable"; SELECT_NOTHING for anything else and NULL. */
struct selector selector_from_form(const char *text);
const char *selector_form(const struct selector *s, struct arena *a);

/* {"frame": 2}, {"signal": true}, {"executable": true}; SELECT_NOTHING for anything else and NULL.
 */
struct selector selector_from_json(const json_t *object);
struct selector selector_of_text(const char *json);
const char *selector_json(const struct selector *s, struct arena *a);

/* "the signal", "the 2nd frame behind those that count". */
const char *selector_words(const struct selector *s, struct arena *a);

#endif
