/* SPDX-License-Identifier: Apache-2.0 */
/* What the templates are given, and their functions, which tmplc makes of templates/NAME.html. A
 * view holds what its page shows and nothing that has to be computed; whatever is in it came from a
 * crash and is hostile, unless its type says otherwise. */
#ifndef CORRAL_DASHD_TEMPLATES_TEMPLATES_H
#define CORRAL_DASHD_TEMPLATES_TEMPLATES_H

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/version.h"
#include "dashd/event.h"
#include "dashd/grouping/alignment.h"
#include "dashd/grouping/decide.h"
#include "dashd/grouping/explanation.h"
#include "dashd/grouping/preview.h"
#include "dashd/grouping/similar.h"
#include "dashd/page.h"
#include "dashd/process.h"
#include "dashd/queries.h"
#include "dashd/stack.h"
#include "dashd/trend.h"
#include "dashd/view/html.h"
#include "dashd/view/listing.h"

struct problem_view {
    unsigned status;
    const char *title, *detail;
};

struct login_view {
    const char *name, *next;
    const char *error; /* NULL: first visit */
};

/* A figure of the overview with what it is compared with. */
struct figure {
    const char *label;
    uint64_t value;
    const char *note;
    const char *tone; /* class: "", "bad", "good" */
};

struct overview_view {
    struct figure figures[5];
    struct trend trend;
    struct group_list top;
    bool late, full; /* crashes wait for long; the disk is nearly full */
    uint64_t pending, free_bytes, missing_modules, problems;
    int64_t last_event;
};

struct tab {
    const char *label, *address;
    uint64_t count;
    bool current;
};

struct sort_head {
    const char *label, *address;
    const char *order; /* for aria-sort */
};

struct groups_view {
    struct listing listing;
    struct group_list list;
    struct tab tabs[8];
    size_t n_tabs;
    struct sort_head sorts[SORT_COUNT];
    const char *wrong; /* what is wrong with the query; NULL */
    const char *next;  /* of the next page; NULL */
    bool never;        /* there is not one group in the database */
};

struct group_view {
    struct group_row group;
    struct share_list hosts, programs;
    struct trend day, month;
    struct event_row sample; /* crash_id NULL: no event with a stack */
    struct stack_view stack;
    struct event_list events;
    struct fingerprint_list fingerprints;
    const char *signal;
    struct explanation explanation; /* of the sample's stack */
    struct group_state state;
    struct split_hint hint;
    struct similar_groups similar;
    struct decision_list decisions;
    struct request_list requests;
};

struct merge_view {
    struct group_row group; /* that would be merged */
    const char *into;       /* as it was typed; "" */
    const char *wrong;      /* with it; NULL */
    bool has_preview;
    struct merge_preview preview;
    struct similar_groups similar;
};

struct split_view {
    struct split_preview preview;
    const struct split_choice *chosen; /* NULL: none yet */
    const char *wrong;                 /* NULL */
};

/* A frame of one stack or of two, side by side. */
struct compare_row {
    enum alignment_side side;
    const struct frame_view *left, *right; /* NULL where the side has none */
};
struct compare_view {
    struct merge_side left, right;
    struct main_stack left_stack, right_stack;
    struct compare_row *rows;
    size_t n, n_both;
    unsigned percent;
};

struct request_view {
    struct request_row row;
    const char *words;
    int64_t group; /* that it is about, or is afterwards; 0 */
};

struct event_page_view {
    const struct event_view *e;
    const char *verdict, *signal, *code;
    const struct thread *crashed; /* NULL */
    const char *core_name;        /* of the downloaded file, safe in any shell and file system */
    const char *arrivals;         /* that made it be analysed again; NULL: none */
    bool missing;                 /* a module has no file on the server */
    const char *kept;             /* in words; NULL: not said */
    struct explanation explanation;
    const struct process_view *process; /* NULL: nothing is known, or may be shown */
    size_t folds_shown;
    bool all_threads;
};

void template_head(struct buf *out, const struct page *p);
void template_foot(struct buf *out, const struct page *p);
void template_problem(struct buf *out, const struct page *p, const struct problem_view *v);
void template_login(struct buf *out, const struct page *p, const struct login_view *v);
void template_overview(struct buf *out, const struct page *p, const struct overview_view *v);
void template_groups(struct buf *out, const struct page *p, const struct groups_view *v);
void template_group(struct buf *out, const struct page *p, const struct group_view *v);
void template_event(struct buf *out, const struct page *p, const struct event_page_view *v);
void template_merge(struct buf *out, const struct page *p, const struct merge_view *v);
void template_split(struct buf *out, const struct page *p, const struct split_view *v);
void template_compare(struct buf *out, const struct page *p, const struct compare_view *v);
void template_grouping_request(struct buf *out, const struct page *p, const struct request_view *v);
void template_pending(struct buf *out, const struct page *p, const char *crash_id);

/* Parts of pages. */
void template_group_rows(struct buf *out, const struct page *p, const struct group_list *l);
void template_process(struct buf *out, const struct page *p, const struct process_view *v);
void template_modules(struct buf *out, const struct page *p, const struct analysis *an,
                      bool missing_only);
void template_stack(struct buf *out, const struct page *p, const struct stack_view *s);
void template_explanation(struct buf *out, const struct page *p, const struct explanation *e);
void template_similar(struct buf *out, const struct page *p, int64_t group,
                      const struct similar_groups *s);
void template_decisions(struct buf *out, const struct page *p, const struct group_view *v);
void template_compare_frame(struct buf *out, const struct page *p, const struct frame_view *v);
void template_camps(struct buf *out, const struct page *p, const struct selector *s,
                    const struct camp *camps, size_t n, size_t stride);
void template_trend(struct buf *out, const struct page *p, const struct trend *t);
void template_first_crash(struct buf *out, const struct page *p);

#endif
