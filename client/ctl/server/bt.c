/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl bt` and `corralctl diff`: stacks as text. The words of bt are those of gdb. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/text.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/reference.h"
#include "client/ctl/server/stacks.h"
#include "common/report/analysis.h"
#include "common/report/backtrace.h"
#include "common/report/limits.h"

#define LINE_MAX_ (64u * 1024)

enum { BT_ALL };

static int get_analysis(const struct access *a, struct connection *c, const char *event,
                        struct buf *b)
{
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/events/%s/analysis", event);
    return ask_text(a, c, path, b);
}

static int print_json(const struct access *a, const struct buf *b, bool all)
{
    _cleanup_json_ json_t *analysis = json_loadb(b->data, b->len, 0, NULL);
    json_t *threads = json_object_get(analysis, "threads");

    if (!threads)
        return ctl_complain(CTL_ERROR, "the analysis of this event cannot be read");
    while (!all && json_array_size(threads) > 1)
        json_array_remove(threads, json_array_size(threads) - 1);
    output_json(&a->output, threads);
    return CTL_OK;
}

static int print_text(const struct access *a, const struct buf *b, bool all)
{
    _cleanup_arena_ struct arena arena = ARENA_INIT(0);
    _cleanup_buf_ struct buf text = BUF_INIT(BACKTRACE_MAX);
    struct analysis an;
    size_t others;

    if (analysis_parse((struct str){b->data, b->len}, &arena, &an) < 0)
        return ctl_complain(CTL_ERROR, "the analysis of this event cannot be read");
    others = an.n_threads > 0 ? an.n_threads - 1 + an.threads_left_out : 0;
    if (!all && an.n_threads > 1) {
        an.n_threads = 1;
        an.threads_left_out = 0;
    }
    backtrace_format(&an, &text);
    output_page(&a->output);
    output_lines(buf_text(&text));
    if (!all && others > 0)
        printf("\n(%zu more threads: --all)\n", others);
    return CTL_OK;
}

static int run_bt(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_buf_ struct buf b = BUF_INIT(BACKTRACE_MAX);
    bool all = args->option[BT_ALL] != NULL;
    struct reference ref;
    int status = reference_event(access, c, args->words[0], &ref);

    if (status == CTL_OK)
        status = get_analysis(access, c, ref.id, &b);
    if (status != CTL_OK)
        return status;
    return (access->output.format == OUTPUT_TEXT ? print_text : print_json)(access, &b, all);
}

const struct verb verb_bt = {
    .word = "bt",
    .arguments = "EVENT",
    .help = "print the stack of the crashed thread in gdb's words",
    .run = run_bt,
    .least = 1,
    .most = 1,
    .options = {[BT_ALL] = {"--all", NULL, "of every thread"}},
};

/* --- diff --- */

/* Rows of an edit script: both, or only one of the stacks has the frame. */
struct pair {
    const json_t *left, *right;
};

static bool same_frame(const json_t *a, const json_t *b)
{
    _cleanup_buf_ struct buf x = BUF_INIT(LINE_MAX_), y = BUF_INIT(LINE_MAX_);

    stacks_add_frame(&x, a);
    stacks_add_frame(&y, b);
    return strcmp(buf_text(&x), buf_text(&y)) == 0;
}

#define DIFF_FRAMES 256

/* The longest common subsequence; frames beyond the limit are left out. */
static size_t align(const json_t *a, const json_t *b, struct pair *pairs)
{
    static uint16_t best[DIFF_FRAMES + 1][DIFF_FRAMES + 1];
    size_t n = json_array_size(a), m = json_array_size(b), k = 0, i = 0, j = 0;

    n = n < DIFF_FRAMES ? n : DIFF_FRAMES;
    m = m < DIFF_FRAMES ? m : DIFF_FRAMES;
    for (size_t x = n; x-- > 0;)
        for (size_t y = m; y-- > 0;)
            best[x][y] = same_frame(json_array_get(a, x), json_array_get(b, y))
                             ? (uint16_t)(best[x + 1][y + 1] + 1)
                         : best[x + 1][y] > best[x][y + 1] ? best[x + 1][y]
                                                           : best[x][y + 1];
    while (i < n || j < m)
        if (i < n && j < m && same_frame(json_array_get(a, i), json_array_get(b, j)))
            pairs[k++] = (struct pair){json_array_get(a, i++), json_array_get(b, j++)};
        else if (j == m || (i < n && best[i + 1][j] >= best[i][j + 1]))
            pairs[k++] = (struct pair){json_array_get(a, i++), NULL};
        else
            pairs[k++] = (struct pair){NULL, json_array_get(b, j++)};
    return k;
}

static void print_half(const json_t *frame, size_t width, bool padded)
{
    _cleanup_buf_ struct buf raw = BUF_INIT(LINE_MAX_), seen = BUF_INIT(8 * LINE_MAX_),
                             cut = BUF_INIT(8 * LINE_MAX_);
    size_t used;

    if (frame)
        stacks_add_frame(&raw, frame);
    text_add_visible(&seen, (struct str){buf_text(&raw), raw.len});
    text_add_cut(&cut, (struct str){buf_text(&seen), seen.len}, width, true);
    used = text_width((struct str){buf_text(&cut), cut.len});
    printf("%s%*s", buf_text(&cut), padded && used < width ? (int)(width - used) : 0, "");
}

static void print_pairs(const struct output *o, const struct pair *pairs, size_t n)
{
    size_t width = o->width > 20 ? (o->width - 3) / 2 : 80;

    for (size_t i = 0; i < n; i++) {
        char mark = pairs[i].left && pairs[i].right ? ' ' : pairs[i].left ? '<' : '>';

        printf("%s", output_begin(o, mark == ' ' ? PLAIN : mark == '<' ? RED : GREEN));
        print_half(pairs[i].left, width, true);
        printf(" %c ", mark);
        print_half(pairs[i].right, width, false);
        printf("%s\n", output_end(o));
    }
}

static void print_pairs_json(const struct output *o, const struct pair *pairs, size_t n)
{
    _cleanup_json_ json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        const json_t *frame = pairs[i].left ?: pairs[i].right;

        json_array_append_new(list, json_pack("{s:s, s:o}", "in",
                                              pairs[i].left && pairs[i].right ? "both"
                                              : pairs[i].left                 ? "first"
                                                                              : "second",
                                              "frame", json_copy((json_t *)(uintptr_t)frame)));
    }
    output_json(o, list);
}

static int get_stack(const struct access *a, struct connection *c, const char *text, json_t **ret)
{
    struct reference ref;
    char path[128];
    int status = reference_event(a, c, text, &ref);

    if (status != CTL_OK)
        return status;
    snprintf(path, sizeof(path), "/api/v1/events/%s", ref.id);
    status = ask_get(a, c, path, ret);
    if (status == CTL_OK && json_array_size(json_object_get(*ret, "stack")) == 0)
        status = ctl_complain(CTL_NOT_FOUND, "%s has no stack", ref.id);
    return status;
}

static int run_diff(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_json_ json_t *left = NULL, *right = NULL;
    struct pair pairs[2 * DIFF_FRAMES];
    size_t n;
    int status = get_stack(access, c, args->words[0], &left);

    if (status == CTL_OK)
        status = get_stack(access, c, args->words[1], &right);
    if (status != CTL_OK)
        return status;
    n = align(json_object_get(left, "stack"), json_object_get(right, "stack"), pairs);
    if (access->output.format != OUTPUT_TEXT) {
        print_pairs_json(&access->output, pairs, n);
        return CTL_OK;
    }
    output_page(&access->output);
    print_pairs(&access->output, pairs, n);
    return CTL_OK;
}

const struct verb verb_diff = {
    .word = "diff",
    .arguments = "EVENT EVENT",
    .help = "print the stacks of two crashes side by side",
    .run = run_diff,
    .least = 2,
    .most = 2,
};
