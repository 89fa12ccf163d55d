/* SPDX-License-Identifier: Apache-2.0 */
/* The main stacks of two groups side by side. */
#include "dashd/page.h"

#include "dashd/app.h"
#include "dashd/grouping/decide.h"
#include "dashd/templates/templates.h"

static void align(struct arena *a, struct compare_view *v)
{
    const struct stack_view *l = &v->left_stack.stack, *r = &v->right_stack.stack;
    struct alignment al;
    size_t n_left, n_right;
    const char **left = stack_labels(l, false, a, &n_left);
    const char **right = stack_labels(r, false, a, &n_right);

    alignment_make(left, n_left, right, n_right, a, &al);
    v->rows = arena_array(a, struct compare_row, al.n);
    for (size_t i = 0; i < al.n; i++) {
        const struct aligned *row = &al.rows[i];

        v->rows[i] = (struct compare_row){
            .side = row->side,
            .left = row->side == ALIGNED_RIGHT ? NULL : &l->frames[row->left],
            .right = row->side == ALIGNED_LEFT ? NULL : &r->frames[row->right],
        };
    }
    v->n = al.n;
    v->n_both = al.n_both;
}

static int load(struct request *q, int64_t left, int64_t right, struct compare_view *v)
{
    struct db *db = app_db(request_app(q));
    struct arena *a = request_arena(q);
    struct merge_preview p;
    int r = preview_merge(db, a, left, right, &p);

    if (r)
        return r;
    v->left = p.from;
    v->right = p.into;
    v->left_stack = p.from_stack;
    v->right_stack = p.into_stack;
    v->percent = p.percent;
    align(a, v);
    return 0;
}

void handle_compare(struct request *q, struct response *r)
{
    struct compare_view v = {0};
    int64_t left = 0, right = 0;
    struct page p;
    int outcome = decide_group(q, request_param(q, "id"), &left);

    if (!outcome)
        outcome = decide_group(q, request_param(q, "other"), &right);
    if (!outcome && left && right)
        outcome = load(q, left, right, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (!left || !right) {
        page_no_group(q, r);
        return;
    }
    page_init(&p, q, "Compare");
    p.section = SECTION_GROUPS;
    p.title =
        arena_printf(p.arena, "G-%lld and G-%lld compared", (long long)left, (long long)right);
    template_compare(response_body(r), &p, &v);
    page_send(r);
}
