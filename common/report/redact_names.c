/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/redact_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"

#define NAME_BYTES_MAX 96 /* of a longer name its end counts */
#define WEAK_BYTES_MIN 4

/* --- Names --- */

/* Where a name ends like this, its value only describes a secret: --password-file=PATH. */
static const char *const harmless_ends[] = {
    "file",     "path",     "dir",      "fd",       "sock",   "socket",  "type",      "method",
    "mode",     "policy",   "length",   "len",      "ttl",    "timeout", "expiry",    "expires",
    "lifetime", "age",      "count",    "size",     "limit",  "name",    "names",     "prompt",
    "required", "enabled",  "disabled", "provider", "plugin", "format",  "algorithm", "issuer",
    "audience", "endpoint", "webhook",  "command",  "cmd",    "helper",  "store",     "keyring",
    "version",  "days",     "hint",     "field",    "header", "prefix",  "class",     "module",
    "agent",    "manager",  "service",  "server",   "host",   "port",    "retries",   "attempts",
};

/* The letters and digits of a name in lower case: anywhere in them, … */
static const struct {
    const char *part;
    enum redact_name is;
} inner_parts[] = {
    {"password", REDACT_NAME_SECRET},   {"passwd", REDACT_NAME_SECRET},
    {"passphrase", REDACT_NAME_SECRET}, {"passcode", REDACT_NAME_SECRET},
    {"apikey", REDACT_NAME_SECRET},     {"secretkey", REDACT_NAME_SECRET},
    {"accesskey", REDACT_NAME_SECRET},  {"clientsecret", REDACT_NAME_SECRET},
    {"accountkey", REDACT_NAME_SECRET}, {"authkey", REDACT_NAME_SECRET},
    {"masterkey", REDACT_NAME_SECRET},  {"signingkey", REDACT_NAME_SECRET},
    {"sharedkey", REDACT_NAME_SECRET},  {"encryptionkey", REDACT_NAME_SECRET},
    {"sessionkey", REDACT_NAME_SECRET}, {"privatekey", REDACT_NAME_WEAK},
    {"credential", REDACT_NAME_WEAK},   {"connectionstring", REDACT_NAME_WEAK},
};

/* … or as the end of one of its words. */
static const struct {
    const char *part;
    enum redact_name is;
} word_ends[] = {
    {"secret", REDACT_NAME_SECRET},        {"secrets", REDACT_NAME_WEAK},
    {"token", REDACT_NAME_SECRET},         {"jwt", REDACT_NAME_SECRET},
    {"sessid", REDACT_NAME_SECRET},        {"sessionid", REDACT_NAME_SECRET},
    {"bearer", REDACT_NAME_SECRET},        {"cookie", REDACT_NAME_HEADER},
    {"authorization", REDACT_NAME_HEADER},
};

/* … or as one word of its own. */
static const struct {
    const char *part;
    enum redact_name is;
} whole_words[] = {
    {"pwd", REDACT_NAME_SECRET},        {"pw", REDACT_NAME_WEAK},
    {"pass", REDACT_NAME_WEAK},         {"passin", REDACT_NAME_WEAK},
    {"passout", REDACT_NAME_WEAK},      {"userpass", REDACT_NAME_WEAK},
    {"auth", REDACT_NAME_WEAK},         {"creds", REDACT_NAME_WEAK},
    {"psk", REDACT_NAME_WEAK},          {"otp", REDACT_NAME_WEAK},
    {"pin", REDACT_NAME_WEAK},          {"requirepass", REDACT_NAME_SECRET},
    {"masterauth", REDACT_NAME_SECRET},
};

/* Variables of every shell that would match. */
static const char *const harmless_names[] = {"PWD", "OLDPWD", "XDG_SESSION_ID"};

/* The name in lower case: letters and digits alone, and a bit for each that begins a word. */
struct spelling {
    char letters[NAME_BYTES_MAX + 1];
    bool begins[NAME_BYTES_MAX + 1];
    size_t n;
};

static void spell(struct str name, struct spelling *s)
{
    bool begins = true, lower = false;

    if (name.n > NAME_BYTES_MAX)
        name = (struct str){name.p + name.n - NAME_BYTES_MAX, NAME_BYTES_MAX};
    s->n = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];

        if (!isalnum(c)) {
            begins = true;
            continue;
        }
        if (isupper(c) && lower)
            begins = true;
        lower = islower(c);
        s->begins[s->n] = begins;
        s->letters[s->n++] = (char)tolower(c);
        begins = false;
    }
    s->letters[s->n] = '\0';
    s->begins[s->n] = true;
}

/* Looks for a part of the spelling; whole: it must begin and end a word; else only end one. */
static bool has_word(const struct spelling *s, const char *part, bool whole)
{
    size_t length = strlen(part);

    for (const char *at = s->letters; (at = strstr(at, part)); at++) {
        size_t from = (size_t)(at - s->letters);

        if (s->begins[from + length] && (!whole || s->begins[from]))
            return true;
    }
    return false;
}

static bool ends_harmless(const struct spelling *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(harmless_ends); i++) {
        size_t length = strlen(harmless_ends[i]);

        if (s->n >= length && s->begins[s->n - length] &&
            strcmp(s->letters + s->n - length, harmless_ends[i]) == 0)
            return true;
    }
    return false;
}

static bool is_extra(const struct spelling *s, const char *extra)
{
    struct str rest = str_from(extra ? extra : ""), word;

    while (str_split(&rest, ' ', &word)) {
        struct spelling e;

        spell(word, &e);
        if (e.n > 0 && strstr(s->letters, e.letters))
            return true;
    }
    return false;
}

static bool is_harmless(struct str name)
{
    for (size_t i = 0; i < ARRAY_SIZE(harmless_names); i++)
        if (str_eq(name, str_from(harmless_names[i])))
            return true;
    return false;
}

/* Each part of the tables has one of these in it: most names have none, and are done with. */
static bool may_be_secret(const struct spelling *s)
{
    static const char *const hints[] = {"pass", "secr", "tok", "key", "auth", "cred", "cook", "jwt",
                                        "sess", "bear", "pw",  "psk", "otp",  "pin",  "conn"};

    for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
        if (strstr(s->letters, hints[i]))
            return true;
    return false;
}

static enum redact_name look_up(const struct spelling *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(word_ends); i++)
        if (has_word(s, word_ends[i].part, false))
            return word_ends[i].is;
    for (size_t i = 0; i < ARRAY_SIZE(inner_parts); i++)
        if (strstr(s->letters, inner_parts[i].part))
            return inner_parts[i].is;
    for (size_t i = 0; i < ARRAY_SIZE(whole_words); i++)
        if (has_word(s, whole_words[i].part, true))
            return whole_words[i].is;
    return REDACT_NAME_PLAIN;
}

enum redact_name redact_name(struct str name, const char *extra)
{
    enum redact_name is;
    struct spelling s;

    spell(name, &s);
    if (s.n < 2)
        return REDACT_NAME_PLAIN;
    if (is_extra(&s, extra))
        return REDACT_NAME_SECRET;
    is = may_be_secret(&s) ? look_up(&s) : REDACT_NAME_PLAIN;
    if (is != REDACT_NAME_PLAIN && (is_harmless(name) || ends_harmless(&s)))
        return REDACT_NAME_PLAIN;
    return is;
}

/* --- Values --- */

static const char *const choices[] = {
    "true",  "false",   "yes",      "no",      "on",      "off",     "0",         "1",      "none",
    "null",  "nil",     "default",  "auto",    "prompt",  "ask",     "required",  "always", "never",
    "stdin", "enabled", "disabled", "invalid", "expired", "missing", "undefined",
};

static bool is_choice(struct str value)
{
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
        if (value.n == strlen(choices[i]) && strncasecmp(value.p, choices[i], value.n) == 0)
            return true;
    return false;
}

static bool is_number(struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (!isdigit((unsigned char)value.p[i]))
            return false;
    return true;
}

static bool is_path(struct str value)
{
    return str_starts(value, STR("/")) || str_starts(value, STR("./")) ||
           str_starts(value, STR("~/")) || str_starts(value, STR("../")) ||
           str_starts(value, STR("file:")) || str_starts(value, STR("env:"));
}

bool redact_value(enum redact_name name, struct str value)
{
    if (name == REDACT_NAME_PLAIN || value.n == 0 || is_choice(value))
        return false;
    if (name != REDACT_NAME_WEAK)
        return true;
    return value.n >= WEAK_BYTES_MIN && !is_number(value) && !is_path(value);
}

/* --- Tokens --- */

/* Beginning, then at least so many letters, digits, '_', '-' (and '.' where the kind has them). */
static const struct token_kind {
    const char *prefix;
    unsigned rest_min;
    bool dots;
} token_kinds[] = {
    {"AKIA", 16, false},
    {"ASIA", 16, false},
    {"eyJ", 16, true},
    {"ghp_", 20, false},
    {"gho_", 20, false},
    {"ghu_", 20, false},
    {"ghs_", 20, false},
    {"ghr_", 20, false},
    {"github_pat_", 20, false},
    {"glpat-", 16, true},
    {"gldt-", 16, false},
    {"glrt-", 16, true},
    {"glsa_", 16, false},
    {"glcbt-", 16, false},
    {"glptt-", 16, false},
    {"xoxb-", 10, false},
    {"xoxa-", 10, false},
    {"xoxp-", 10, false},
    {"xoxr-", 10, false},
    {"xoxs-", 10, false},
    {"xoxe-", 10, false},
    {"xapp-", 10, false},
    {"sk_live_", 10, false},
    {"sk_test_", 10, false},
    {"rk_live_", 10, false},
    {"rk_test_", 10, false},
    {"whsec_", 16, false},
    {"sk-ant-", 16, false},
    {"sk-proj-", 16, false},
    {"sk-", 32, false},
    {"AIza", 30, false},
    {"ya29.", 20, true},
    {"GOCSPX-", 20, false},
    {"npm_", 30, false},
    {"pypi-", 32, false},
    {"hf_", 30, false},
    {"dop_v1_", 32, false},
    {"doo_v1_", 32, false},
    {"SG.", 30, true},
    {"shpat_", 20, false},
    {"shpss_", 20, false},
    {"dckr_pat_", 16, false},
    {"hvs.", 16, false},
    {"hvb.", 16, false},
    {"xkeysib-", 32, false},
    {"lin_api_", 16, false},
    {"ATATT3", 16, false},
    {"PMAK-", 20, false},
    {"sq0atp-", 16, false},
    {"sq0csp-", 16, false},
    {"dapi", 32, false},
    {"AGE-SECRET-KEY-", 16, false},
    {"corral_ingest_", 16, false},
    {"corral_symbols_", 16, false},
    {"corral_read_", 16, false},
    {"corral_write_", 16, false},
    {"corral_admin_", 16, false},
};

static bool in_token(char c, bool dots)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || (dots && c == '.');
}

static size_t token_of(const struct token_kind *k, struct str text)
{
    size_t prefix = strlen(k->prefix), n = prefix;

    if (text.n < prefix || memcmp(text.p, k->prefix, prefix) != 0)
        return 0;
    while (n < text.n && in_token(text.p[n], k->dots))
        n++;
    return n - prefix >= k->rest_min ? n : 0;
}

size_t redact_token(struct str text)
{
    for (size_t i = 0; i < ARRAY_SIZE(token_kinds); i++) {
        size_t n =
            text.n > 0 && *text.p == *token_kinds[i].prefix ? token_of(&token_kinds[i], text) : 0;

        if (n > 0)
            return n;
    }
    return 0;
}

/* --- Options --- */

/* name*: any program that begins so. */
static const struct {
    const char *program, *option;
    enum redact_option is;
} options[] = {
    {"mysql*", "-p", REDACT_OPTION_JOINED},      {"mariadb*", "-p", REDACT_OPTION_JOINED},
    {"sshpass", "-p", REDACT_OPTION_JOINED},     {"sshpass", "-p", REDACT_OPTION_NEXT},
    {"curl", "-u", REDACT_OPTION_PAIR},          {"curl", "--user", REDACT_OPTION_PAIR},
    {"curl", "-U", REDACT_OPTION_PAIR},          {"curl", "--proxy-user", REDACT_OPTION_PAIR},
    {"curl", "-b", REDACT_OPTION_NEXT},          {"redis-cli", "-a", REDACT_OPTION_NEXT},
    {"ldap*", "-w", REDACT_OPTION_NEXT},         {"smbclient", "-U", REDACT_OPTION_PAIR},
    {"rpcclient", "-U", REDACT_OPTION_PAIR},     {"mongo*", "-p", REDACT_OPTION_NEXT},
    {"7z*", "-p", REDACT_OPTION_JOINED},         {"unzip", "-P", REDACT_OPTION_NEXT},
    {"zip", "-P", REDACT_OPTION_NEXT},           {"sqlcmd", "-P", REDACT_OPTION_NEXT},
    {"bcp", "-P", REDACT_OPTION_NEXT},           {"isql", "-P", REDACT_OPTION_NEXT},
    {"xfreerdp*", "/p:", REDACT_OPTION_JOINED},  {"snmp*", "-A", REDACT_OPTION_NEXT},
    {"snmp*", "-X", REDACT_OPTION_NEXT},         {"ipmitool", "-P", REDACT_OPTION_NEXT},
    {"cqlsh", "-p", REDACT_OPTION_NEXT},         {"influx", "-t", REDACT_OPTION_NEXT},
    {"rabbitmqadmin", "-p", REDACT_OPTION_NEXT},
};

static struct str base_name(struct str path)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

    return slash ? (struct str){slash + 1, path.n - (size_t)(slash + 1 - path.p)} : path;
}

static bool program_is(struct str program, const char *pattern)
{
    size_t n = strlen(pattern);

    if (pattern[n - 1] == '*')
        return str_starts(program, (struct str){pattern, n - 1});
    return str_eq(program, (struct str){pattern, n});
}

enum redact_option redact_option(struct str program, struct str argument)
{
    program = base_name(program);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        struct str option = str_from(options[i].option);
        bool joined = options[i].is == REDACT_OPTION_JOINED;

        if (!program_is(program, options[i].program) || !str_starts(argument, option))
            continue;
        if (joined ? argument.n > option.n : argument.n == option.n)
            return options[i].is;
    }
    return REDACT_OPTION_NONE;
}
