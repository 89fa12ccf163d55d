/* SPDX-License-Identifier: Apache-2.0 */
#include "common/search/fields.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define NAME_MAX_COMPARED 24 /* longer than any of ours */
#define CHANGES_MAX       2  /* of letters, between two names that are near */

static const char *const states[] = {"open",       "new",      "ongoing", "regressed",
                                     "escalating", "resolved", "muted",   NULL};
static const char *const things[] = {"core", "symbols", "hint", "bug", "comment", NULL};
static const char *const degrees[] = {"missing", "partial", "full", NULL};

const struct search_field search_fields[SEARCH_FIELDS] = {
    [SEARCH_TEXT] = {"", VALUE_PHRASE, NULL, "a part of the title, or of a function of the stack",
                     "parse_header"},
    [SEARCH_IS] = {"is", VALUE_WORD, states, "the state of the group; open is all but two",
                   "is:open"},
    [SEARCH_SIGNAL] = {"signal", VALUE_SIGNAL, NULL, "the signal that ended it", "signal:SIGSEGV"},
    [SEARCH_EXE] = {"exe", VALUE_PATH, NULL, "the program's file", "exe:nginx"},
    [SEARCH_COMM] = {"comm", VALUE_NAME, NULL, "the program's name, as ps shows it", "comm:nginx"},
    [SEARCH_VERSION] = {"version", VALUE_NAME, NULL, "the program's version", "version:1.22.*"},
    [SEARCH_FUNC] = {"func", VALUE_FUNCTION, NULL, "a function of the crashing stack",
                     "func:parse_header"},
    [SEARCH_FILE] = {"file", VALUE_PATH, NULL, "a source file of the crashing stack",
                     "file:http/parse.c"},
    [SEARCH_MODULE] = {"module", VALUE_PATH, NULL, "a program or library of the crashing stack",
                       "module:libssl.so*"},
    [SEARCH_BUILDID] = {"buildid", VALUE_DIGITS, NULL, "the build-id of one of these",
                        "buildid:5f3a90c1"},
    [SEARCH_CAUSE] = {"cause", VALUE_NAME, NULL, "the rule that says why it crashed",
                      "cause:null-member"},
    [SEARCH_PROBLEM] = {"problem", VALUE_PHRASE, NULL, "why there is no stack, or not all of it",
                        "problem:truncated"},
    [SEARCH_HOST] = {"host", VALUE_NAME, NULL, "the host that it crashed on", "host:web-*"},
    [SEARCH_UNIT] = {"unit", VALUE_NAME, NULL, "the systemd unit", "unit:nginx.service"},
    [SEARCH_IMAGE] = {"image", VALUE_NAME, NULL, "the container's image, of a tag of that name",
                      "image:*/shop:*"},
    [SEARCH_KERNEL] = {"kernel", VALUE_NAME, NULL, "the kernel's release", "kernel:6.1.*"},
    [SEARCH_ARCH] = {"arch", VALUE_NAME, NULL, "the machine's architecture", "arch:aarch64"},
    [SEARCH_DISTRO] = {"distro", VALUE_PHRASE, NULL, "the distribution, as it calls itself",
                       "distro:\"Debian GNU/Linux 12\""},
    [SEARCH_PKG] = {"pkg", VALUE_NAME, NULL, "the package, or package=version", "pkg:nginx=1.22.*"},
    [SEARCH_CPU] = {"cpu", VALUE_PHRASE, NULL, "the model of the CPU", "cpu:\"EPYC 7\""},
    [SEARCH_HAS] =
        {"has", VALUE_WORD, things,
         "what is there: a core, names of functions, a hint how to split the group, a link, "
         "a comment",
         "has:core"},
    [SEARCH_SYMBOLS] = {"symbols", VALUE_WORD, degrees, "how much of the stack has names and lines",
                        "symbols:missing"},
    [SEARCH_COUNT] = {"count", VALUE_NUMBER, NULL, "the crashes of the group", "count:>100"},
    [SEARCH_HOSTS] = {"hosts", VALUE_NUMBER, NULL, "the hosts of the group", "hosts:>=5"},
    [SEARCH_FIRST] = {"first", VALUE_TIME, NULL, "the first crash of the group", "first:<7d"},
    [SEARCH_LAST] = {"last", VALUE_TIME, NULL, "the last crash of the group", "last:<24h"},
    [SEARCH_OWNER] = {"owner", VALUE_NAME, NULL, "whom the group is assigned to; none: nobody",
                      "owner:me"},
    [SEARCH_LABEL] = {"label", VALUE_NAME, NULL, "a label of the group", "label:parser"},
    [SEARCH_BUG] = {"bug", VALUE_PATH, NULL, "an address that the group is linked to", "bug:4711"},
    [SEARCH_FP] = {"fp", VALUE_DIGITS, NULL, "a fingerprint of the group", "fp:90b1c2d3e4f5"},
    [SEARCH_ID] = {"id", VALUE_ID, NULL, "the event, or the group", "id:G-142"},
};

enum search_field_id search_field_find(struct str name)
{
    enum search_field_id i = SEARCH_TEXT + 1;

    while (i < SEARCH_FIELDS && !str_eq_nocase(str_from(search_fields[i].name), name))
        i++;
    return i;
}

/* --- What is written alike --- */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters changed, added or left out between the two (Levenshtein's distance). */
static unsigned changes(struct str a, struct str b)
{
    unsigned row[NAME_MAX_COMPARED + 1];

    if (a.n > NAME_MAX_COMPARED || b.n > NAME_MAX_COMPARED)
        return NAME_MAX_COMPARED;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 0; i < a.n; i++) {
        unsigned corner = row[0];

        row[0] = i + 1;
        for (unsigned j = 0; j < b.n; j++) {
            unsigned above = row[j + 1];

            row[j + 1] = least(above + 1, row[j] + 1, corner + !same_letter(a.p[i], b.p[j]));
            corner = above;
        }
    }
    return row[b.n];
}

struct nearest {
    const char *name;
    unsigned changes;
};

/* Of a short name not all letters may differ; one that begins as it was written is near as well. */
static void consider(struct nearest *n, const char *name, struct str written)
{
    struct str s = str_from(name);
    unsigned c = changes(s, written);

    if (written.n >= 2 && written.n < s.n && str_eq_nocase((struct str){s.p, written.n}, written))
        c = c < CHANGES_MAX ? c : CHANGES_MAX;
    if (c <= CHANGES_MAX && c < s.n && (!n->name || c < n->changes))
        *n = (struct nearest){name, c};
}

const char *search_nearest_field(struct str name)
{
    struct nearest n = {0};

    for (int i = SEARCH_TEXT + 1; i < SEARCH_FIELDS; i++)
        consider(&n, search_fields[i].name, name);
    return n.name;
}

const char *search_nearest_word(const struct search_field *f, struct str word)
{
    struct nearest n = {0};

    for (const char *const *w = f->words; w && *w; w++)
        consider(&n, *w, word);
    return n.name;
}
