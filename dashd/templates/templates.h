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
#include "common/report/signals.h"
#include "dashd/admin/queries.h"
#include "dashd/details.h"
#include "dashd/event.h"
#include "dashd/attributes.h"
#include "dashd/grouping/alignment.h"
#include "dashd/grouping/decide.h"
#include "dashd/grouping/explanation.h"
#include "dashd/grouping/preview.h"
#include "dashd/grouping/similar.h"
#include "dashd/inventory.h"
#include "dashd/page.h"
#include "dashd/process.h"
#include "dashd/queries.h"
#include "dashd/queries_events.h"
#include "dashd/queries_facets.h"
#include "dashd/queries_hosts.h"
#include "dashd/queries_releases.h"
#include "dashd/queries_symbols.h"
#include "dashd/queries_system.h"
#include "dashd/stack.h"
#include "dashd/system.h"
#include "dashd/trend.h"
#include "dashd/values.h"
#include "dashd/view/eventlist.h"
#include "dashd/view/filter.h"
#include "dashd/view/html.h"
#include "dashd/view/listing.h"
#include "dashd/view/remedy.h"
#include "dashd/workflow/queries.h"
#include "dashd/workflow/words.h"

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
    const char *path; /* of the rows behind it */
};

struct overview_view {
    struct figure figures[5];
    struct trend trend, month;
    struct group_list top, fresh; /* with most crashes, and first seen, in the last 24 hours */
    bool late, full;              /* crashes wait for long; the disk is nearly full */
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
    struct facet_list facets;
    bool ticks;       /* groups can be changed from here */
    const char *back; /* the list's path, without the base */
    struct listing listing;
    struct group_list list;
    struct tab tabs[8];
    size_t n_tabs;
    struct sort_head sorts[SORT_COUNT];
    const char *wrong;   /* what is wrong with the query; NULL */
    const char *mistake; /* the query and where it is wrong, as two lines; NULL */
    const char *next;    /* of the next page; NULL */
    bool never;          /* there is not one group in the database */
};

struct events_view {
    struct eventlist list;
    struct event_page rows;
    const char *wrong;   /* what is wrong with the query; NULL */
    const char *mistake; /* the query and where it is wrong, as two lines; NULL */
    const char *next;    /* of the next page; NULL */
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
    const struct cause *cause;      /* of the sample; NULL: unknown, or hidden */
    bool cause_shown;               /* whether something can be said of it */
    struct group_state state;
    struct split_hint hint;
    struct similar_groups similar;
    struct decision_list decisions;
    struct request_list requests;
    struct workflow_state workflow;
    struct attributes attributes;
    const char *began_in, *fixed_in; /* versions; NULL: they don't tell */
    struct url tracker;              /* of a new ticket; text NULL: there is no tracker */
};

/* Of many groups, those that were not changed. */
struct bulk_failure {
    const char *name, *problem;
};
struct bulk_view {
    const char *action;
    const char *back; /* a path of ours, without the base */
    size_t n_done, n_failed;
    struct bulk_failure *failed;
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
    bool values;                  /* of variables are known in some frame of it */
    bool excerpts;                /* lines of source are shown in some frame */
    const char *core_name;        /* of the downloaded file, safe in any shell and file system */
    const char *arrivals;         /* that made it be analysed again; NULL: none */
    bool missing;                 /* a module has no file on the server */
    const char *kept;             /* in words; NULL: not said */
    struct explanation explanation;
    const struct process_view *process; /* NULL: nothing is known, or may be shown */
    size_t folds_shown;
    bool all_threads;
};

/* A password or a token, shown once. */
struct secret_view {
    const char *secret, *words;
    const char *example; /* NULL */
    struct url back;
};
enum admin_tab { ADMIN_USERS, ADMIN_TOKENS, ADMIN_AUDIT };
struct users_view {
    struct account_list users;
};
struct tokens_view {
    struct api_token_list tokens;
};
struct audit_view {
    struct audit_filter filter;
    struct audit_list rows;
    struct url older; /* text NULL: there are none */
};

struct symbols_view {
    struct filter filter;
    const char *wrong; /* with the query; NULL */
    struct missing_modules list;
    uint64_t modules, without_file; /* on all pages */
    const char *next;               /* page; NULL */
    bool has_store;
    struct inventory_facts store;
    const char *paths[INVENTORY_RECENT]; /* of store.recent; NULL: not known */
};

struct symbol_view {
    const char *build_id;
    struct missing_module module; /* path NULL: no stack ever lacked it */
    struct inventory_file files[MODULE_KIND_COUNT];
    struct module_fetches fetches;
    struct module_groups groups;
};
/* Of a kind of file, and of what a debuginfod server said, in words. */
const char *module_kind_words(enum module_kind k);
const char *module_kind_gives(enum module_kind k);
const char *module_answer_words(const char *outcome);

struct programs_view {
    struct filter filter;
    const char *wrong; /* with the query; NULL */
    struct program_list list;
    const char *next; /* page; NULL */
};

struct versions_view {
    const char *executable;
    struct version_list list;
    const struct version_row *before, *after; /* that are compared; before NULL: all earlier ones */
    struct version_groups groups;
    uint64_t n_new, n_gone; /* of them: in after alone, in before alone */
};

struct hosts_view {
    struct filter filter;
    const char *wrong; /* with the query; NULL */
    struct host_list list;
    const char *next; /* page; NULL */
};

struct host_view {
    struct host_row host;
    struct host_groups groups;
    struct event_list events;      /* its latest ones */
    const struct crash_meta *meta; /* of the latest one; NULL: not known, or not to be shown */
};
/* Its page, without the base path. */
const char *host_path(struct arena *a, const char *hostname);

struct system_view {
    struct system_part parts[SYSTEM_PARTS];
    struct system_queue queue;
    struct system_disk disk;
    struct database_facts database;
    struct problem_list problems; /* of the last 24 hours */
    struct request_list requests;
    const char **requests_words;
    uint64_t arrivals; /* marks of files whose events are still to be analysed again */
    const struct system_setting *settings; /* NULL: not for this person */
    size_t n_settings;
};

void template_head(struct buf *out, const struct page *p);
void template_foot(struct buf *out, const struct page *p);
void template_problem(struct buf *out, const struct page *p, const struct problem_view *v);
void template_login(struct buf *out, const struct page *p, const struct login_view *v);
void template_overview(struct buf *out, const struct page *p, const struct overview_view *v);
void template_groups(struct buf *out, const struct page *p, const struct groups_view *v);
void template_group(struct buf *out, const struct page *p, const struct group_view *v);
void template_events(struct buf *out, const struct page *p, const struct events_view *v);
void template_event(struct buf *out, const struct page *p, const struct event_page_view *v);
void template_merge(struct buf *out, const struct page *p, const struct merge_view *v);
void template_split(struct buf *out, const struct page *p, const struct split_view *v);
void template_compare(struct buf *out, const struct page *p, const struct compare_view *v);
void template_grouping_request(struct buf *out, const struct page *p, const struct request_view *v);
void template_bulk(struct buf *out, const struct page *p, const struct bulk_view *v);
void template_secret(struct buf *out, const struct page *p, const struct secret_view *v);
void template_admin_users(struct buf *out, const struct page *p, const struct users_view *v);
void template_admin_tokens(struct buf *out, const struct page *p, const struct tokens_view *v);
void template_audit(struct buf *out, const struct page *p, const struct audit_view *v);
void template_account(struct buf *out, const struct page *p);
void template_remove(struct buf *out, const struct page *p, const struct group_row *g);
void template_symbols(struct buf *out, const struct page *p, const struct symbols_view *v);
void template_symbol(struct buf *out, const struct page *p, const struct symbol_view *v);
void template_system(struct buf *out, const struct page *p, const struct system_view *v);
void template_programs(struct buf *out, const struct page *p, const struct programs_view *v);
void template_versions(struct buf *out, const struct page *p, const struct versions_view *v);
void template_hosts(struct buf *out, const struct page *p, const struct hosts_view *v);
void template_host(struct buf *out, const struct page *p, const struct host_view *v);
void template_pending(struct buf *out, const struct page *p, const char *crash_id);

/* Parts of pages. */
void template_admin_tabs(struct buf *out, const struct page *p, enum admin_tab tab);
/* Of a list of which rows can be ticked, or not. */
void template_group_rows(struct buf *out, const struct page *p, const struct group_list *l,
                         bool ticks);
void template_facets(struct buf *out, const struct page *p, const struct groups_view *v);
void template_bulk_bar(struct buf *out, const struct page *p, const char *back);
void template_process(struct buf *out, const struct page *p, const struct process_view *v);
void template_modules(struct buf *out, const struct page *p, const struct analysis *an,
                      bool missing_only);
/* The cause may be NULL: unknown. */
void template_cause(struct buf *out, const struct page *p, const struct cause *c);
void template_frame_line(struct buf *out, const struct page *p, const struct frame_view *v);
void template_frame_details(struct buf *out, const struct page *p, const struct frame_view *v);
void template_stack(struct buf *out, const struct page *p, const struct stack_view *s);
void template_explanation(struct buf *out, const struct page *p, const struct explanation *e);
void template_similar(struct buf *out, const struct page *p, int64_t group,
                      const struct similar_groups *s);
void template_decisions(struct buf *out, const struct page *p, const struct group_view *v);
void template_compare_frame(struct buf *out, const struct page *p, const struct frame_view *v);
void template_camps(struct buf *out, const struct page *p, const struct selector *s,
                    const struct camp *camps, size_t n, size_t stride);
void template_workflow(struct buf *out, const struct page *p, const struct group_view *v);
void template_attributes(struct buf *out, const struct page *p, const struct group_view *v);
void template_activity(struct buf *out, const struct page *p, const struct group_view *v);
void template_trend(struct buf *out, const struct page *p, const struct trend *t);
void template_first_crash(struct buf *out, const struct page *p);

#endif
