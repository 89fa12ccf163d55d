/* SPDX-License-Identifier: Apache-2.0 */
/* With --lines each line of the input is a document, and each document a line of the output, so
 * that thousands of stacks need one process; one that is wrong is {"error": "…"} in its place. */
#include "workerd/grouping/stackmode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/report/jsontext.h"
#include "workerd/grouping/gdbtext.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/stackjson.h"
#include "workerd/grouping/title.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2 };

#define LINES_MAX      (256u * 1024 * 1024) /* bytes of all lines */
#define OUTPUT_MAX     (64u * 1024 * 1024)  /* bytes of one line of output */
#define RULE_PATHS_MAX 16

static const char usage[] =
    "usage: corral-workerd --fingerprint [--format json|gdb] [--lines] [--rules FILE]... FILE\n"
    "  FILE           a stack as JSON, or an array of them; - is standard input\n"
    "  --format gdb   what gdb's bt printed\n"
    "  --lines        each line of FILE is a stack, or an array of them\n"
    "  --rules FILE   further rules, or a folder of them; the shipped ones come after them\n";

struct mode {
    const char *path, *format;
    bool lines;
    const char *rule_paths[RULE_PATHS_MAX];
    size_t n_rule_paths;
    struct rules rules;
};

static bool set_option(struct mode *m, const char *option, const char *value)
{
    if (strcmp(option, "--format") == 0 && value)
        m->format = value;
    else if (strcmp(option, "--rules") == 0 && value && m->n_rule_paths < RULE_PATHS_MAX)
        m->rule_paths[m->n_rule_paths++] = value;
    else
        return false;
    return true;
}

static bool parse_arguments(int argc, char **argv, struct mode *m)
{
    for (int i = 0; i < argc; i++) {
        bool option = argv[i][0] == '-' && argv[i][1] != '\0';

        if (strcmp(argv[i], "--lines") == 0)
            m->lines = true;
        else if (option && !set_option(m, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            return false;
        else if (option)
            i++;
        else if (m->path)
            return false;
        else
            m->path = argv[i];
    }
    return m->path &&
           (strcmp(m->format, "json") == 0 || (strcmp(m->format, "gdb") == 0 && !m->lines));
}

static int read_input(const char *path, struct buf *b)
{
    _cleanup_fd_ int fd = -1;

    if (strcmp(path, "-") == 0)
        return io_read_fd(STDIN_FILENO, b);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : io_read_fd(fd, b);
}

/* --- One document --- */

static void describe(const struct stackjson_error *e, unsigned line, char *ret, size_t size)
{
    if (e->line > 0)
        snprintf(ret, size, "%u:%d: %s", line + (unsigned)e->line, e->column, e->message);
    else if (line > 0)
        snprintf(ret, size, "%u: the value at \"%s\" %s", line + 1, e->pointer, e->message);
    else
        snprintf(ret, size, "the value at \"%s\" %s", e->pointer, e->message);
}

static int print(struct buf *b)
{
    int e = buf_error(b);

    if (e == 0)
        e = io_write(STDOUT_FILENO, b->data, b->len);
    if (e < 0)
        fprintf(stderr, "standard output: %s\n", strerror(-e));
    return e < 0 ? EXIT_WRONG : 0;
}

static int group(const struct mode *m, const struct crash_stack *stack, struct arena *a)
{
    _cleanup_buf_ struct buf output = BUF_INIT(OUTPUT_MAX);
    struct grouping g;

    fingerprint_make(&m->rules, stack, a, &g);
    stackjson_format(stack, &g, title_make(stack, &g, a), &output);
    return print(&output);
}

static int complain(const struct mode *m, const struct stackjson_error *e, unsigned line)
{
    _cleanup_buf_ struct buf output = BUF_INIT(OUTPUT_MAX);
    char text[400];

    describe(e, line, text, sizeof(text));
    fprintf(stderr, "%s:%s%s\n", m->path, e->line > 0 || line > 0 ? "" : " ", text);
    if (m->lines) {
        jsontext_object(&output, NULL);
        jsontext_string(&output, "error", text);
        jsontext_end_object(&output);
        buf_addc(&output, '\n');
        print(&output);
    }
    return EXIT_WRONG;
}

/* line counts from 0. */
static int group_json(const struct mode *m, struct str json, unsigned line)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct stackjson_error error;
    struct crash_stack *stacks;
    size_t n;
    int status = 0;

    if (stackjson_parse_all(json, &a, &stacks, &n, &error) < 0)
        return complain(m, &error, line);
    for (size_t i = 0; i < n && status == 0; i++)
        status = group(m, &stacks[i], &a);
    return status;
}

static int group_gdb(const struct mode *m, struct str text)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_stack stack;

    gdbtext_parse(text, &a, &stack);
    return group(m, &stack, &a);
}

static int group_lines(const struct mode *m, struct str text)
{
    struct str line;
    int status = 0;

    for (unsigned n = 0; str_split(&text, '\n', &line); n++) {
        if (str_trim(line).n > 0 && group_json(m, line, n) != 0)
            status = EXIT_WRONG;
    }
    return status;
}

/* --- The mode --- */

static int read_rules(struct mode *m, struct arena *a)
{
    struct rules_error e;

    if (ruleset_read(m->rule_paths, m->n_rule_paths, a, &m->rules, &e) == 0)
        return 0;
    rules_error_print(&e);
    return EXIT_WRONG;
}

static int run(struct mode *m)
{
    _cleanup_buf_ struct buf input = BUF_INIT(m->lines ? LINES_MAX : STACKJSON_MAX);
    struct str text;
    int e = read_input(m->path, &input);

    if (e < 0) {
        fprintf(stderr, "%s: %s\n", m->path, strerror(-e));
        return EXIT_WRONG;
    }
    text = (struct str){buf_text(&input), input.len};
    if (strcmp(m->format, "gdb") == 0)
        return group_gdb(m, text);
    return m->lines ? group_lines(m, text) : group_json(m, text, 0);
}

int stackmode_main(int argc, char **argv, const void *conf)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct mode m = {.format = "json"};
    int status;

    (void)conf;
    if (!parse_arguments(argc, argv, &m)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    status = read_rules(&m, &a);
    return status ? status : run(&m);
}
