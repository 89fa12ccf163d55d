/* SPDX-License-Identifier: Apache-2.0 */
/* One logfmt line on stderr: level=info msg="crash accepted" crash_id=… bytes=… . Values are quoted
 * and escaped, so that no input can forge a line. A line is written with one write(2), so lines of
 * several threads and processes do not mix. When stderr is the journal ($JOURNAL_STREAM) the line
 * begins with <N>, the syslog priority. */
#ifndef CORRAL_BASE_LOG_H
#define CORRAL_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_ERRNO } type;
    const char *text;
    int64_t number;
};

#define LOG_STR(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_TEXT, .text = (v)})
#define LOG_INT(k, v)                                                                              \
    ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .number = (int64_t)(v)})
#define LOG_UINT(k, v)                                                                             \
    ((struct log_field){.key = (k), .type = LOG_FIELD_UINT, .number = (int64_t)(v)})
/* An errno, negative or positive, as its text: error="No space left on device". */
#define LOG_ERRNO(v) ((struct log_field){.key = "error", .type = LOG_FIELD_ERRNO, .number = (v)})

/* Lines above this level are dropped; info at start. */
void log_set_level(enum log_level level);
/* -EINVAL for a word that is none of error, warning, info, debug. */
int log_level_parse(const char *word, enum log_level *ret);

/* Also sends lines to this descriptor instead of stderr (/dev/kmsg for the handler). */
void log_set_fd(int fd);

void log_write(enum log_level level, const char *message, const struct log_field *fields, size_t n);

#define log_line(level, message, ...)                                                              \
    log_write((level), (message), (const struct log_field[]){{0}, ##__VA_ARGS__} + 1,              \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field) -  \
                  1)

#define log_error(message, ...)   log_line(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warning(message, ...) log_line(LOG_LEVEL_WARNING, message, ##__VA_ARGS__)
#define log_info(message, ...)    log_line(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...)   log_line(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)

#endif
