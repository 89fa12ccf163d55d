/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* Secrets of many shapes, and ordinary command lines and log lines, from two lists. A line is a
 * form (A: arguments, tabs between them; L: a line) and the text; {{ and }} enclose what is secret.
 */
#include "client/spool/redact.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/report/redact_names.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define LIST_MAX    (1024u * 1024)
#define TEXT_MAX    4096
#define RECALL_MIN  99 /* percent */
#define SECRETS_MIN 200

struct sample {
    enum redact_form form;
    char text[TEXT_MAX], expected[TEXT_MAX];
    size_t n;
    bool secret;
};

static void add(struct sample *s, char c, bool secret)
{
    ck_assert_uint_lt(s->n, TEXT_MAX);
    if (c == '\t' && s->form == REDACT_ARGUMENTS)
        c = '\0';
    s->text[s->n] = c;
    s->expected[s->n++] = secret ? '*' : c;
    s->secret |= secret;
}

static struct sample sample_of(struct str line)
{
    struct sample s = {.form = line.p[0] == 'A' ? REDACT_ARGUMENTS : REDACT_LINE};
    bool inside = false;

    for (size_t i = 2; i < line.n; i++) {
        if (line.n - i >= 2 && memcmp(line.p + i, inside ? "}}" : "{{", 2) == 0) {
            inside = !inside;
            i++;
        } else {
            add(&s, line.p[i], inside);
        }
    }
    if (s.form == REDACT_ARGUMENTS)
        add(&s, '\t', false);
    return s;
}

struct tally {
    size_t samples, secrets, wrong;
};

static void try_sample(struct str line, struct tally *t)
{
    struct sample s = sample_of(line);
    char once[TEXT_MAX];

    redact(s.text, s.n, s.form, NULL);
    t->samples++;
    t->secrets += s.secret;
    if (memcmp(s.text, s.expected, s.n) != 0) {
        t->wrong++;
        fprintf(stderr, "# %.*s\n", (int)line.n, line.p);
        for (size_t i = 0; i < s.n; i++)
            fputc(s.text[i] ? s.text[i] : '|', stderr);
        fputc('\n', stderr);
    }
    memcpy(once, s.text, s.n);
    redact(s.text, s.n, s.form, NULL);
    ck_assert_msg(memcmp(once, s.text, s.n) == 0, "a second time changed: %.*s", (int)line.n,
                  line.p);
}

static struct tally try_list(const char *path)
{
    _cleanup_buf_ struct buf b = BUF_INIT(LIST_MAX);
    struct tally t = {0};
    struct str rest, line;

    ck_assert_int_eq(io_read_file(AT_FDCWD, path, &b), 0);
    rest = (struct str){b.data, b.len};
    while (str_split(&rest, '\n', &line))
        if (line.n > 2)
            try_sample(line, &t);
    return t;
}

START_TEST(secrets_are_found)
{
    struct tally t = try_list("tests/golden/redact-secrets.txt");

    ck_assert_uint_ge(t.secrets, SECRETS_MIN);
    ck_assert_msg(t.wrong * 100 <= t.samples * (100 - RECALL_MIN), "%zu of %zu are wrong", t.wrong,
                  t.samples);
}
END_TEST

START_TEST(ordinary_lines_are_left_alone)
{
    struct tally t = try_list("tests/golden/redact-ordinary.txt");

    ck_assert_uint_ge(t.samples, 60);
    ck_assert_uint_eq(t.secrets, 0);
    ck_assert_uint_eq(t.wrong, 0);
}
END_TEST

START_TEST(names_of_the_owner)
{
    char text[] = "app\0--geheimnis=abc\0--lizenz\0xyz\0--other=1";

    redact(text, sizeof(text), REDACT_ARGUMENTS, "GEHEIMNIS  lizenz");
    ck_assert_int_eq(memcmp(text, "app\0--geheimnis=***\0--lizenz\0***\0--other=1", sizeof(text)),
                     0);
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *name;
        enum redact_name is;
    } rows[] = {
        {"dbPassword", REDACT_NAME_SECRET}, {"DB_PASSWORD_PROD", REDACT_NAME_SECRET},
        {"PWD", REDACT_NAME_PLAIN},         {"pwd", REDACT_NAME_SECRET},
        {"tokenizer", REDACT_NAME_PLAIN},   {"maxTokens", REDACT_NAME_PLAIN},
        {"secretary", REDACT_NAME_PLAIN},   {"password-file", REDACT_NAME_PLAIN},
        {"compass", REDACT_NAME_PLAIN},     {"author", REDACT_NAME_PLAIN},
        {"x", REDACT_NAME_PLAIN},           {"", REDACT_NAME_PLAIN},
        {"Cookie", REDACT_NAME_HEADER},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        ck_assert_msg(redact_name(str_from(rows[i].name), NULL) == rows[i].is, "%s", rows[i].name);
}
END_TEST

static double seconds_for(const char *unit, size_t n)
{
    _cleanup_free_ char *text = malloc(n);
    struct timespec from, to;
    size_t length = strlen(unit);

    for (size_t i = 0; i < n; i++)
        text[i] = unit[i % length] == '|' ? '\0' : unit[i % length];
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    redact(text, n, REDACT_ARGUMENTS, NULL);
    redact(text, n, REDACT_LINE, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Texts made to have each rule look far ahead and find nothing. A quadratic rule would take minutes
 * for what takes milliseconds. */
START_TEST(it_is_linear)
{
    static const char *const units[] = {
        "auth=/",
        "auth=\"/ ",
        "auth=\"/\\\"",
        "://",
        "a://b:c",
        "-----BEGIN ",
        "token=|",
        "Basic a",
        "Basic ",
        "a.",
        "-",
        "eyJa ",
        "pass: f",
        "cookie: \"",
        "--pass ",
        "--pass|",
        "'password':'",
        "\\\"auth\\\":\\\"/",
        "mysql|-p|",
        "auth='/ auth=\"/ auth=`/ ",
        "sk-",
        "-----BEGIN PRIVATE KEY---- ",
        "=",
        "password",
    };

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        double s = seconds_for(units[i], 128 * 1024);

        ck_assert_msg(s < 1, "%f s for %s", s, units[i]);
    }
}
END_TEST

UNIT_MAIN("client/redact", secrets_are_found, ordinary_lines_are_left_alone, names_of_the_owner,
          names, it_is_linear)
