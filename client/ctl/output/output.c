/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/output/output.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/ctl/output/text.h"
#include "common/base/cleanup.h"

#define TEXT_MAX  (64u * 1024 * 1024)
#define WIDTH_MAX 1000
#define PAGER     "less -FRX"

static pid_t pager; /* 0: none */

/* --- Where it goes --- */

static unsigned terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t n;

    if (columns && str_to_u64(str_from(columns), WIDTH_MAX, &n) == 0 && n > 0)
        return (unsigned)n;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

int output_prepare(struct output *o, const char *when, bool no_pager)
{
    const char *terminal = getenv("TERM");
    bool plain = !cstr_empty(getenv("NO_COLOR")) || (terminal && strcmp(terminal, "dumb") == 0);

    if (!setlocale(LC_CTYPE, "C.UTF-8")) /* wcwidth(3), whatever $LANG says */
        setlocale(LC_CTYPE, "");
    o->terminal = isatty(STDOUT_FILENO);
    if (!when || strcmp(when, "auto") == 0)
        o->colours = o->terminal && !plain;
    else if (strcmp(when, "always") == 0)
        o->colours = true;
    else if (strcmp(when, "never") != 0)
        return -1;
    o->paged = o->terminal && !no_pager;
    o->width = o->terminal ? terminal_width() : 0;
    return 0;
}

void output_page(const struct output *o)
{
    const char *program = getenv("PAGER");
    int ends[2];

    if (!o->paged || o->format != OUTPUT_TEXT || pager || (program && !*program) || pipe(ends) < 0)
        return;
    fflush(stdout);
    pager = fork();
    if (pager == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", program ?: PAGER, (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    if (pager > 0)
        dup2(ends[1], STDOUT_FILENO);
    else
        pager = 0;
    close(ends[0]);
    close(ends[1]);
}

int output_finish(void)
{
    int r = fflush(stdout) != 0 ? -errno : ferror(stdout) ? -EIO : 0;
    int how;

    if (!pager)
        return r;
    fclose(stdout);
    while (waitpid(pager, &how, 0) < 0 && errno == EINTR)
        ;
    pager = 0;
    return 0;
}

/* --- What is written --- */

const char *output_begin(const struct output *o, enum colour c)
{
    static const char *const sequences[] = {
        [PLAIN] = "",       [BOLD] = "\033[1m",    [DIM] = "\033[2m",
        [RED] = "\033[31m", [YELLOW] = "\033[33m", [GREEN] = "\033[32m",
    };

    return o->colours ? sequences[c] : "";
}

const char *output_end(const struct output *o)
{
    return o->colours ? "\033[0m" : "";
}

void output_json(const struct output *o, const json_t *value)
{
    json_dumpf(value, stdout,
               JSON_ENCODE_ANY | (o->terminal ? JSON_INDENT(2) | JSON_ENSURE_ASCII : JSON_COMPACT));
    putchar('\n');
}

static void print(const char *text, void add(struct buf *, struct str))
{
    _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);

    add(&b, str_from(text));
    fputs(buf_text(&b), stdout);
}

void output_text(const char *text)
{
    print(text, text_add_visible);
}

void output_lines(const char *text)
{
    print(text, text_add_visible_lines);
}

void output_fact(const struct output *o, const char *label, const char *text)
{
    if (cstr_empty(text))
        return;
    printf("%s%-13s%s ", output_begin(o, DIM), label, output_end(o));
    output_text(text);
    putchar('\n');
}
