/* SPDX-License-Identifier: Apache-2.0 */
/* glibc leaves what it printed before abort() in __abort_msg (the text of a failed assertion, of
 * heap corruption), GLib that of g_assert() in __glib_assert_msg. AddressSanitizer has a copy of
 * its report while it ends the program: on a mapping of its own, to which its stack frame points.
 */
#include "workerd/analysis/message.h"

#include <signal.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define MESSAGE_SIZE   4096u
#define MODULES_MAX    16u  /* that are asked: dlmopen(3) may load a libc of its own */
#define WORDS_SEARCHED 512u /* of the stack, for a report */
#define REPORT_SIZE    1024u
#define PAGE           UINT64_C(4096)

/* As much as there is of n bytes, up to the end of the text. */
static size_t read_text(const struct engine *e, uint64_t at, char *text, size_t n)
{
    size_t done = 0;

    while (done < n) {
        size_t piece = (size_t)(PAGE - (at + done) % PAGE);

        if (piece > n - done)
            piece = n - done;
        if (!e->read(e->arg, at + done, text + done, piece))
            break;
        done += strnlen(text + done, piece);
        if (done == n || text[done] == '\0')
            break;
    }
    return done;
}

static const char *make_text(const char *text, size_t n, struct arena *a)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    return n ? arena_strndup(a, text, n) : NULL;
}

/* The text behind a pointer, after so many bytes. */
static const char *read_message(const struct engine *e, uint64_t pointer, unsigned skip,
                                struct arena *a)
{
    size_t word = e->image->layout->is64 ? 8 : 4;
    char text[MESSAGE_SIZE] = "";
    uint64_t at = 0;

    if (!e->read(e->arg, pointer, &at, word) || at == 0)
        return NULL;
    return make_text(text, read_text(e, at + skip, text, sizeof text), a);
}

/* --- Variables --- */

static const struct variable_row {
    const char *library; /* what its file's name begins with */
    const char *name;
    unsigned skip;   /* bytes before the text */
    bool in_program; /* linked into a static one */
} variables[] = {
    {"libc.so", "__abort_msg", 4, true}, /* struct abort_msg_s: the size of the whole, first */
    {"libglib-2.0.so", "__glib_assert_msg", 0, false},
};

static bool is_file(const struct image_module *m, const char *library)
{
    const char *slash = strrchr(m->path, '/');

    return slash && cstr_starts(slash + 1, library);
}

static const char *find_variable(const struct engine *e, const struct variable_row *v,
                                 struct arena *a)
{
    const struct image *i = e->image;
    unsigned asked = 0;
    uint64_t address;

    for (size_t k = 0; k < i->n_modules && asked < MODULES_MAX; k++) {
        const struct image_module *m = &i->modules[k];

        if (!is_file(m, v->library) && !(v->in_program && m->main))
            continue;
        if (e->variable(e->arg, k, v->name, &address))
            return read_message(e, address, v->skip, a);
        asked++;
    }
    return NULL;
}

/* --- Reports --- */

/* "=====…\n==17==ERROR: AddressSanitizer: what on address …\nWRITE of size 1 …\n    #0 …": what is
 * before the stack. NULL: it is none. */
static const char *report_text(char *text, size_t *ret_n)
{
    char *start = text + strspn(text, "="), *end;

    if (start == text || start[0] != '\n' || start[1] != '=' || !strstr(start, "Sanitizer: "))
        return NULL;
    start++;
    end = strstr(start, "\n    #");
    *ret_n = end ? (size_t)(end - start) : strcspn(start, "\n");
    return start;
}

static const char *read_report(const struct engine *e, uint64_t at, struct arena *a)
{
    char text[REPORT_SIZE + 1] = "";
    size_t n = 0;

    if (!e->read(e->arg, at, text, 2) || text[0] != '=' || text[1] != '=')
        return NULL;
    text[read_text(e, at, text, REPORT_SIZE)] = '\0';
    const char *report = report_text(text, &n);

    return report ? make_text(report, n, a) : NULL;
}

static const char *find_report(const struct engine *e, struct arena *a)
{
    const struct image *i = e->image;
    uint64_t sp = i->n_threads > 0 ? i->threads[0].registers[i->layout->sp] : 0, at = 0;
    const char *found = NULL;

    if (!i->layout->is64 || i->signal != SIGABRT)
        return NULL;
    for (unsigned k = 0; k < WORDS_SEARCHED && !found; k++) {
        if (!e->read(e->arg, (sp & -UINT64_C(8)) + 8 * (uint64_t)k, &at, sizeof at))
            break;
        if (at != 0 && at % PAGE == 0)
            found = read_report(e, at, a);
    }
    return found;
}

const char *message_find(const struct engine *e, struct arena *a)
{
    const char *found = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(variables) && !found; i++)
        found = find_variable(e, &variables[i], a);
    return found ? found : find_report(e, a);
}
