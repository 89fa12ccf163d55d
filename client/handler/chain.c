/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/report/meta.h"

/* --- Expanding --- */

enum specifier_type { SPECIFIER_NUMBER, SPECIFIER_LIMIT, SPECIFIER_NAME, SPECIFIER_BASENAME };

#define AT(member) offsetof(struct arguments, member)

static const struct specifier {
    char letter;
    enum specifier_type type;
    size_t offset;
} specifiers[] = {
    {'P', SPECIFIER_NUMBER, AT(pid)},       {'p', SPECIFIER_NUMBER, AT(pid)},
    {'I', SPECIFIER_NUMBER, AT(tid)},       {'i', SPECIFIER_NUMBER, AT(tid)},
    {'u', SPECIFIER_NUMBER, AT(uid)},       {'g', SPECIFIER_NUMBER, AT(gid)},
    {'d', SPECIFIER_NUMBER, AT(dump_mode)}, {'s', SPECIFIER_NUMBER, AT(signal)},
    {'t', SPECIFIER_NUMBER, AT(time)},      {'C', SPECIFIER_NUMBER, AT(cpu)},
    {'c', SPECIFIER_LIMIT, AT(core_limit)}, {'h', SPECIFIER_NAME, AT(hostname)},
    {'e', SPECIFIER_NAME, AT(comm)},        {'E', SPECIFIER_NAME, AT(path)},
    {'f', SPECIFIER_BASENAME, AT(path)},
};

/* No slash, and never empty or a folder's name: the other handler may make a file name of it. */
static void add_name(struct buf *b, const char *name)
{
    if (cstr_empty(name) || strcmp(name, ".") == 0) {
        buf_addc(b, '!');
    } else if (strcmp(name, "..") == 0) {
        buf_adds(b, "!.");
    } else {
        for (; *name; name++)
            buf_addc(b, *name == '/' ? '!' : *name);
    }
}

static const char *basename_of(const char *path)
{
    const char *slash = path ? strrchr(path, '!') : NULL;

    return slash ? slash + 1 : path;
}

static void add_value(struct buf *b, const struct specifier *s, const struct arguments *args)
{
    const void *field = (const char *)args + s->offset;

    switch (s->type) {
    case SPECIFIER_NUMBER:
        buf_printf(b, "%" PRId64,
                   *(const int64_t *)field == META_UNKNOWN ? 0 : *(const int64_t *)field);
        break;
    case SPECIFIER_LIMIT:
        buf_printf(b, "%" PRIu64, *(const uint64_t *)field);
        break;
    case SPECIFIER_NAME:
        add_name(b, *(const char *const *)field);
        break;
    case SPECIFIER_BASENAME:
        add_name(b, basename_of(*(const char *const *)field));
        break;
    }
}

static void add_specifier(struct buf *b, char letter, const struct arguments *args)
{
    if (letter == '%')
        buf_addc(b, '%');
    for (size_t i = 0; i < ARRAY_SIZE(specifiers); i++)
        if (specifiers[i].letter == letter)
            add_value(b, &specifiers[i], args);
}

static int expand_word(struct str word, const struct arguments *args, struct arena *a,
                       char **ret_text)
{
    _cleanup_buf_ struct buf b = BUF_INIT(CHAIN_TEXT_MAX);

    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] != '%')
            buf_addc(&b, word.p[i]);
        else if (++i < word.n)
            add_specifier(&b, word.p[i], args);
    if (buf_error(&b) < 0)
        return -EINVAL;
    *ret_text = arena_strdup(a, buf_text(&b));
    return 0;
}

int chain_expand(const char *pattern, const struct arguments *args, struct arena *a,
                 char *const **ret_argv)
{
    struct str rest = str_trim(str_from(pattern)), word;
    char **argv = arena_array(a, char *, CHAIN_ARGUMENTS_MAX + 1);
    size_t n = 0;

    if (!str_starts(rest, STR("|/")))
        return -EINVAL;
    rest = (struct str){rest.p + 1, rest.n - 1};
    while (str_split(&rest, ' ', &word)) {
        if (word.n == 0)
            continue;
        if (n == CHAIN_ARGUMENTS_MAX || expand_word(word, args, a, &argv[n++]) < 0)
            return -EINVAL;
    }
    *ret_argv = argv;
    return 0;
}

/* --- Feeding --- */

int chain_begin(const char *pattern, const struct arguments *args, struct arena *a,
                struct chain *ret)
{
    struct deputy_role role = {.as_root = true, .seconds = CHAIN_SECONDS};
    struct chain c = CHAIN_NONE;
    int r = chain_expand(pattern, args, a, &role.argv);

    if (r == 0)
        r = deputy_begin(&role, &c.deputy);
    if (r == 0)
        *ret = c;
    return r;
}

void chain_feed(struct chain *c, const void *p, size_t n)
{
    int64_t begun = clock_mono(), left = CHAIN_WAITS_MSEC - c->waited / USEC_PER_MSEC;

    if (c->broken || c->deputy.fd < 0 || n == 0)
        return;
    c->broken =
        deputy_write(&c->deputy, p, n, (int)(left < CHAIN_WAIT_MSEC ? left : CHAIN_WAIT_MSEC)) < 0;
    c->waited += clock_mono() - begun;
    c->broken |= c->waited >= CHAIN_WAITS_MSEC * USEC_PER_MSEC;
}

void chain_end(struct chain *c)
{
    deputy_end(&c->deputy);
}
