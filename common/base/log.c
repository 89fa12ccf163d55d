/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"

#define LINE_MAX_BYTES 8192 /* longer lines lose their end */

static enum log_level max_level = LOG_LEVEL_INFO;
static int log_fd = 2;

/* The word, and the priority that the journal and the kernel log know it by (syslog(3)). */
static const struct {
    const char *word;
    char priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", '3'},
    [LOG_LEVEL_WARNING] = {"warning", '4'},
    [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_DEBUG] = {"debug", '7'},
};

void log_set_level(enum log_level level)
{
    max_level = level;
}

int log_level_parse(const char *word, enum log_level *ret)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].word, word) == 0) {
            *ret = (enum log_level)i;
            return 0;
        }
    return -EINVAL;
}

void log_set_fd(int fd)
{
    log_fd = fd;
}

static bool wants_priority(void)
{
    return log_fd != 2 || getenv("JOURNAL_STREAM") != NULL;
}

static bool plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void add_escaped(struct buf *b, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(b, "\\%c", c);
    else if (c < ' ' || c >= 0x7f)
        buf_printf(b, "\\x%02x", c);
    else
        buf_addc(b, (char)c);
}

static void add_value(struct buf *b, const char *value)
{
    bool quote = *value == '\0';

    for (const char *p = value; *p && !quote; p++)
        quote = !plain((unsigned char)*p);
    if (!quote) {
        buf_adds(b, value);
        return;
    }
    buf_addc(b, '"');
    for (const char *p = value; *p; p++)
        add_escaped(b, (unsigned char)*p);
    buf_addc(b, '"');
}

static void add_field(struct buf *b, const struct log_field *f)
{
    if (f->type == LOG_FIELD_TEXT && !f->text)
        return;
    buf_printf(b, " %s=", f->key);
    switch (f->type) {
    case LOG_FIELD_TEXT:
        add_value(b, f->text);
        break;
    case LOG_FIELD_INT:
        buf_printf(b, "%" PRId64, f->number);
        break;
    case LOG_FIELD_UINT:
        buf_printf(b, "%" PRIu64, (uint64_t)f->number);
        break;
    case LOG_FIELD_ERRNO:
        add_value(b, strerrordesc_np((int)(f->number < 0 ? -f->number : f->number))
                         ?: "unknown error");
        break;
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
    _cleanup_buf_ struct buf b = BUF_INIT(LINE_MAX_BYTES);
    int saved = errno;

    if (level > max_level)
        return;
    if (wants_priority())
        buf_printf(&b, "<%c>", levels[level].priority);
    buf_printf(&b, "level=%s msg=", levels[level].word);
    add_value(&b, message);
    for (size_t i = 0; i < n; i++)
        add_field(&b, &fields[i]);
    b.error = 0;
    if (b.len == b.max)
        b.len--;
    buf_addc(&b, '\n');
    (void)io_write(log_fd, b.data, b.len);
    errno = saved;
}
