/* SPDX-License-Identifier: Apache-2.0 */
/* A state for each place in the grammar, a function for each state that consumes at least one byte.
 * The delimiter is CR LF "--" boundary; CR is in it only once, at its start, so that a match which
 * fails can only begin anew at the byte that failed it. What has matched so far need not be kept:
 * it is the delimiter's own beginning.
 *
 *     PREAMBLE ──▶ DELIMITED ─▶ PADDING ─▶ LINE_END ─▶ HEAD ─▶ BODY ──▶ DELIMITED …
 *                      ╰──▶ DASH ──▶ EPILOGUE
 */
#include "common/http/multipart.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/framing.h"
#include "common/http/params.h"

#define CONTENT_TYPE_MAX 512
#define DELIMITER_MAX    (4 + MULTIPART_BOUNDARY_MAX)

enum state { PREAMBLE, DELIMITED, DASH, PADDING, LINE_END, HEAD, BODY, EPILOGUE };

struct multipart {
    const struct multipart_events *events;
    void *arg;
    enum state state;
    int result; /* of the step that failed: sticky */
    unsigned parts;
    char delimiter[DELIMITER_MAX];
    size_t delimiter_len;
    size_t matched;  /* bytes of the delimiter that the text just read ends with */
    size_t borrowed; /* … of which so many are of the line end before the text, and no data */
    char head[MULTIPART_HEADER_MAX];
    size_t head_len, line; /* bytes, and where the last line begins */
};

/* --- The boundary
 * -------------------------------------------------------------------------------------- */

/* RFC 2046 section 5.1.1: bchars, not ending in a space. */
static bool boundary_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!alnum && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return s.n > 0 && s.n <= MULTIPART_BOUNDARY_MAX && s.p[s.n - 1] != ' ';
}

/* text is changed. */
static int find_boundary(char *text, size_t n, struct str *ret)
{
    struct str name, value, boundary = {NULL, 0};
    struct params p;
    int r;

    if (!str_eq_nocase(params_open(&p, text, n), STR("multipart/form-data")))
        return MULTIPART_BAD_TYPE;
    while ((r = params_next(&p, &name, &value)) == 0) {
        if (!str_eq_nocase(name, STR("boundary")))
            continue;
        if (boundary.p)
            return MULTIPART_BAD_TYPE;
        boundary = value;
    }
    if (r != PARAMS_END || !boundary.p || !boundary_valid(boundary))
        return MULTIPART_BAD_TYPE;
    *ret = boundary;
    return 0;
}

int multipart_new(const char *content_type, const struct multipart_events *events, void *arg,
                  struct multipart **ret)
{
    size_t n = content_type ? strlen(content_type) : 0;
    char text[CONTENT_TYPE_MAX];
    struct str boundary;
    struct multipart *m;

    if (n == 0 || n > sizeof(text))
        return MULTIPART_BAD_TYPE;
    memcpy(text, content_type, n);
    if (find_boundary(text, n, &boundary) != 0)
        return MULTIPART_BAD_TYPE;
    m = calloc(1, sizeof(*m));
    if (!m)
        abort();
    m->events = events;
    m->arg = arg;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.n);
    m->delimiter_len = boundary.n + 4;
    m->matched = m->borrowed = 2; /* the body begins at the start of a line */
    *ret = m;
    return 0;
}

void multipart_free(struct multipart *m)
{
    free(m);
}

/* --- The head of a part
 * -------------------------------------------------------------------------------- */

struct part_head {
    struct str name, filename, type;
};

static int take_disposition(struct part_head *h, char *value, size_t n)
{
    struct str name, text;
    struct params p;
    int r;

    if (h->name.p || !str_eq_nocase(params_open(&p, value, n), STR("form-data")))
        return MULTIPART_MALFORMED;
    while ((r = params_next(&p, &name, &text)) == 0) {
        struct str *field = str_eq_nocase(name, STR("name"))       ? &h->name
                            : str_eq_nocase(name, STR("filename")) ? &h->filename
                                                                   : NULL;

        if (field && field->p)
            return MULTIPART_MALFORMED;
        if (field)
            *field = text;
    }
    return r == PARAMS_END && h->name.p ? 0 : MULTIPART_MALFORMED;
}

static int take_type(struct part_head *h, char *value, size_t n)
{
    if (h->type.p)
        return MULTIPART_MALFORMED;
    h->type = (struct str){value, n};
    return 0;
}

/* RFC 7578 section 4.7 gives it up; what would have to be decoded is refused rather than stored as
 * it is. */
static int take_encoding(struct part_head *h, char *value, size_t n)
{
    struct str coding = {value, n};

    (void)h;
    if (str_eq_nocase(coding, STR("binary")) || str_eq_nocase(coding, STR("8bit")) ||
        str_eq_nocase(coding, STR("7bit")))
        return 0;
    return MULTIPART_MALFORMED;
}

static const struct {
    struct str name;
    int (*take)(struct part_head *h, char *value, size_t n);
} head_fields[] = {
    {{"Content-Disposition", 19}, take_disposition},
    {{"Content-Type", 12}, take_type},
    {{"Content-Transfer-Encoding", 25}, take_encoding},
};

static int take_line(struct part_head *h, char *line, size_t n)
{
    char *colon = memchr(line, ':', n);
    struct str name, value;

    if (!colon)
        return MULTIPART_MALFORMED;
    name = (struct str){line, (size_t)(colon - line)};
    value = str_trim((struct str){colon + 1, n - name.n - 1});
    if (!framing_token(name)) /* also a folded line */
        return MULTIPART_MALFORMED;
    for (size_t i = 0; i < sizeof(head_fields) / sizeof(head_fields[0]); i++)
        if (str_eq_nocase(name, head_fields[i].name))
            return head_fields[i].take(h, line + (value.p - line), value.n);
    return 0;
}

/* The whole head is in m->head: lines that end in CR LF, the last of them empty. */
static int begin_part(struct multipart *m)
{
    struct part_head h = {0};
    char *line = m->head, *end = m->head + m->head_len - 2;
    int r;

    if (++m->parts > MULTIPART_PARTS_MAX)
        return MULTIPART_TOO_MANY;
    utf8_repair(m->head, m->head_len);
    while (line < end) {
        char *line_end = memchr(line, '\r', (size_t)(end - line));

        r = take_line(&h, line, (size_t)(line_end - line));
        if (r)
            return r;
        line = line_end + 2;
    }
    if (!h.name.p)
        return MULTIPART_MALFORMED;
    if (!h.type.p)
        h.type = STR("");
    m->state = BODY;
    m->matched = m->borrowed =
        2; /* the empty line's end may be the delimiter's beginning: a part without a body */
    return m->events->part(m->arg, h.name, h.filename, h.type);
}

/* --- The steps
 * ----------------------------------------------------------------------------------------- */

struct input {
    const char *p, *end;
};

/* Bytes that turned out not to be part of a delimiter. */
static int pass_on(struct multipart *m, const char *p, size_t n)
{
    if (m->state == PREAMBLE || n == 0)
        return 0;
    return m->events->data(m->arg, p, n);
}

static int found_delimiter(struct multipart *m)
{
    bool in_part = m->state == BODY;

    m->matched = m->borrowed = 0;
    m->state = DELIMITED;
    return in_part ? m->events->part_end(m->arg) : 0;
}

/* Goes on with a match that an earlier piece began. */
static int step_match(struct multipart *m, struct input *in)
{
    while (in->p < in->end && *in->p == m->delimiter[m->matched]) {
        in->p++;
        if (++m->matched == m->delimiter_len)
            return found_delimiter(m);
    }
    if (in->p < in->end) {
        size_t from = m->borrowed, n = m->matched - from;

        m->matched = m->borrowed = 0;
        return pass_on(m, m->delimiter + from, n);
    }
    return 0;
}

/* Where the delimiter begins, whole or cut by the end of the input; the end when nowhere. Long runs
 * without one are passed on in one call. */
static const char *find_candidate(const struct multipart *m, const struct input *in)
{
    const char *p = in->p;

    while ((p = memchr(p, '\r', (size_t)(in->end - p))) != NULL) {
        size_t left = (size_t)(in->end - p);

        if (memcmp(p, m->delimiter, left < m->delimiter_len ? left : m->delimiter_len) == 0)
            return p;
        if (++p == in->end)
            break;
    }
    return in->end;
}

static int step_text(struct multipart *m, struct input *in)
{
    const char *start = in->p;

    if (m->matched > 0)
        return step_match(m, in);
    in->p = find_candidate(m, in);
    if (in->p < in->end) {
        m->matched = 1;
        in->p++;
        return pass_on(m, start, (size_t)(in->p - 1 - start));
    }
    return pass_on(m, start, (size_t)(in->p - start));
}

static int step_delimited(struct multipart *m, struct input *in)
{
    if (*in->p == '-') {
        in->p++;
        m->state = DASH;
    } else {
        m->state = PADDING;
    }
    return 0;
}

static int step_dash(struct multipart *m, struct input *in)
{
    if (*in->p++ != '-')
        return MULTIPART_MALFORMED;
    m->state = EPILOGUE;
    return 0;
}

static int step_padding(struct multipart *m, struct input *in)
{
    char c = *in->p++;

    if (c == '\r')
        m->state = LINE_END;
    else if (c != ' ' && c != '\t')
        return MULTIPART_MALFORMED;
    return 0;
}

static int step_line_end(struct multipart *m, struct input *in)
{
    if (*in->p++ != '\n')
        return MULTIPART_MALFORMED;
    m->state = HEAD;
    m->head_len = m->line = 0;
    return 0;
}

/* One more byte of the head: CR and LF only together, no NUL. */
static int step_head(struct multipart *m, struct input *in)
{
    char c = *in->p++, before = m->head_len > m->line ? m->head[m->head_len - 1] : '\0';

    if (m->head_len == sizeof(m->head))
        return MULTIPART_TOO_MANY;
    if (c == '\0' || (c == '\n') != (before == '\r'))
        return MULTIPART_MALFORMED;
    m->head[m->head_len++] = c;
    if (c != '\n')
        return 0;
    if (m->head_len - m->line == 2)
        return begin_part(m);
    m->line = m->head_len;
    return 0;
}

static int step_epilogue(struct multipart *m, struct input *in)
{
    (void)m;
    in->p = in->end;
    return 0;
}

int multipart_feed(struct multipart *m, const void *p, size_t n)
{
    static int (*const steps[])(struct multipart * m, struct input * in) = {
        [PREAMBLE] = step_text,   [DELIMITED] = step_delimited, [DASH] = step_dash,
        [PADDING] = step_padding, [LINE_END] = step_line_end,   [HEAD] = step_head,
        [BODY] = step_text,       [EPILOGUE] = step_epilogue,
    };
    struct input in = {p, (const char *)p + n};

    while (m->result == 0 && in.p < in.end)
        m->result = steps[m->state](m, &in);
    return m->result;
}

int multipart_finish(const struct multipart *m)
{
    return m->state == EPILOGUE && m->result == 0 ? 0 : MULTIPART_TRUNCATED;
}
