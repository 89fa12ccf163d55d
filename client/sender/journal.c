/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-journal.h>

#include "client/spool/redact.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

#define MESSAGE_MAX 8192 /* of one message, before it is redacted and cut */
#define MATCH_MAX   512
#define AFTER_MAX   (USEC_PER_SEC / 10) /* journald may be so late */
#define SCAN_MAX    100000              /* entries that are looked at for one crash */

DEFINE_CLEANUP(cleanup_journal, sd_journal, sd_journal_close)
#define _cleanup_journal_ _cleanup_(cleanup_journal)

/* --- Which entries --- */

static int match(sd_journal *j, const char *field, const char *value)
{
    char text[MATCH_MAX];
    int n = snprintf(text, sizeof(text), "%s=%s", field, value);

    return n < 0 || (size_t)n >= sizeof(text) ? -E2BIG : sd_journal_add_match(j, text, (size_t)n);
}

static int match_number(sd_journal *j, const char *field, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    return match(j, field, text);
}

/* The journal writes ids without dashes. */
static int match_boot(sd_journal *j, const char *boot_id)
{
    char text[40];
    size_t n = 0;

    for (; *boot_id && n < sizeof(text) - 1; boot_id++)
        if (*boot_id != '-')
            text[n++] = *boot_id;
    text[n] = '\0';
    return match(j, "_BOOT_ID", text);
}

/* All that are given must hold. A scope (a login session) is shared by many programs: of it the
 * process' own lines are taken. */
static int match_crash(sd_journal *j, const struct crash_meta *m)
{
    int r;

    if (!m->boot_id || m->pid == META_UNKNOWN)
        return -ENODATA;
    r = match_boot(j, m->boot_id);
    if (r < 0)
        return r;
    if (!m->unit || !cstr_ends(m->unit, ".service") || m->container_id)
        return match_number(j, "_PID", m->pid);
    if (!m->user_unit)
        return match(j, "_SYSTEMD_UNIT", m->unit);
    r = match(j, "_SYSTEMD_USER_UNIT", m->user_unit);
    return r < 0 || m->owner_uid == META_UNKNOWN
               ? r
               : match_number(j, "_SYSTEMD_OWNER_UID", m->owner_uid);
}

/* --- Reading --- */

/* "TIME MESSAGE\n", newlines within it escaped. */
static const char *entry_text(sd_journal *j, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * MESSAGE_MAX + CLOCK_TEXT_SIZE + 8);
    char time[CLOCK_TEXT_SIZE];
    const void *data;
    uint64_t usec;
    size_t n;

    if (sd_journal_get_realtime_usec(j, &usec) < 0 ||
        sd_journal_get_data(j, "MESSAGE", &data, &n) < 0 || n < strlen("MESSAGE="))
        return NULL;
    data = (const char *)data + strlen("MESSAGE=");
    n -= strlen("MESSAGE=");
    clock_format((int64_t)usec, time);
    buf_printf(&b, "%s ", time);
    for (size_t i = 0; i < n && i < MESSAGE_MAX; i++) {
        char c = ((const char *)data)[i];

        if (c == '\n')
            buf_adds(&b, "\\n");
        else
            buf_addc(&b, c == '\0' ? '?' : c);
    }
    buf_addc(&b, '\n');
    return arena_strdup(a, buf_text(&b));
}

/* Backwards from the crash: the newest first. */
static size_t read_back(sd_journal *j, const struct crash_meta *m, size_t lines, struct arena *a,
                        const char **texts)
{
    size_t n = 0, bytes = 0;

    if (sd_journal_seek_realtime_usec(j, (uint64_t)m->crashed_at + AFTER_MAX) < 0)
        return 0;
    for (size_t seen = 0; n < lines && seen < SCAN_MAX && sd_journal_previous(j) > 0; seen++) {
        const char *text = entry_text(j, a);

        if (!text)
            continue;
        bytes += strlen(text);
        if (bytes > JOURNAL_BYTES_MAX)
            break;
        texts[n++] = text;
    }
    return n;
}

static int open_journal(const char *file, sd_journal **ret)
{
    const char *files[] = {file, NULL};

    return file ? sd_journal_open_files(ret, files, 0)
                : sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
}

/* --- Cleaning --- */

static size_t clean_line(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
            p[i] = p[i] == '\t' ? ' ' : '?';
    return n > META_LOG_LINE_MAX ? utf8_valid_prefix(p, META_LOG_LINE_MAX) ?: META_LOG_LINE_MAX : n;
}

/* All at once, before anything is cut: a key in PEM goes over many lines. */
struct meta_texts journal_clean(char *text, size_t n, const char *names, struct arena *a)
{
    struct meta_texts lines = {.items = arena_array(a, const char *, META_LOG_LINES_MAX)};
    struct str rest = {text, n}, line;

    redact(text, n, REDACT_LINE, names);
    while (rest.n > 0 && lines.n < META_LOG_LINES_MAX && str_split(&rest, '\n', &line))
        lines.items[lines.n++] =
            arena_strndup(a, line.p, clean_line(text + (line.p - text), line.n));
    return lines;
}

/* --- The whole --- */

struct meta_texts journal_lines(const char *file, const struct crash_meta *m,
                                const struct settings *s, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * JOURNAL_BYTES_MAX);
    size_t n, max = s->log_lines < META_LOG_LINES_MAX ? (size_t)s->log_lines : META_LOG_LINES_MAX;
    const char **texts = arena_array(a, const char *, max + 1);
    _cleanup_journal_ sd_journal *j = NULL;

    if (max == 0 || m->crashed_at == META_UNKNOWN || open_journal(file, &j) < 0 ||
        match_crash(j, m) < 0)
        return (struct meta_texts){0};
    (void)sd_journal_set_data_threshold(j, MESSAGE_MAX);
    n = read_back(j, m, max, a, texts);
    while (n > 0)
        buf_adds(&b, texts[--n]);
    return b.len > 0 ? journal_clean(b.data, b.len, s->redact, a) : (struct meta_texts){0};
}

void journal_add(const struct crash_meta *m, const struct settings *s, struct arena *a,
                 struct buf *json)
{
    struct meta_texts lines = m->log.n == 0 && m->occurrences == META_UNKNOWN
                                  ? journal_lines(NULL, m, s, a)
                                  : (struct meta_texts){0};
    size_t before = json->len;

    if (lines.n == 0 || json->len < 2 || json->data[json->len - 1] != '}')
        return;
    json->len--;
    jsontext_array(json, "log");
    for (size_t i = 0; i < lines.n; i++)
        jsontext_string(json, NULL, lines.items[i]);
    jsontext_end_array(json);
    jsontext_end_object(json);
    if (buf_error(json) < 0) { /* no room: as it was */
        json->error = 0;
        json->len = before;
        json->data[before - 1] = '}';
        json->data[before] = '\0';
    }
}
