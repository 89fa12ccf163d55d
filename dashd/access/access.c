/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/access.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "dashd/access/mask.h"
#include "dashd/access/session.h"
#include "dashd/app.h"
#include "dashd/page.h"
#include "dashd/access/queries.h"
#include "dashd/view/html.h"

#define TOKEN_TEXT_MAX 200
#define BASIC          "Basic "
#define BASIC_MAX      512 /* bytes of user and password */

/* --- Rights --- */

struct grant {
    const char *name;
    unsigned rights;
};

static const struct grant roles[] = {
    {"viewer", MAY_READ},
    {"triager", MAY_READ | MAY_TRIAGE},
    {"developer", MAY_READ | MAY_TRIAGE | MAY_CORE | MAY_SYMBOLS},
    {"admin", RIGHTS},
};

/* ingest is for ingestd, and opens nothing here. */
static const struct grant scopes[] = {
    {"read", MAY_READ},
    {"symbols", MAY_SYMBOLS},
    {"write", MAY_READ | MAY_TRIAGE | MAY_CORE | MAY_SYMBOLS},
    {"admin", RIGHTS},
};

static unsigned look_up(const struct grant *grants, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(grants[i].name, name) == 0)
            return grants[i].rights;
    return 0;
}

unsigned access_rights_of_role(const char *role)
{
    return look_up(roles, ARRAY_SIZE(roles), role);
}

unsigned access_rights_of_scope(const char *scope)
{
    return look_up(scopes, ARRAY_SIZE(scopes), scope);
}

const struct identity *access_identity(struct request *q)
{
    return request_identity(q);
}

bool access_has(struct request *q, unsigned rights)
{
    const struct identity *who = access_identity(q);

    return who && (who->rights & rights) == rights;
}

/* --- Who --- */

/* Both set *ret to NULL when what was shown is not valid; they return an outcome of db.h. */
static int identify_token(struct request *q, const char *token, struct identity **ret)
{
    struct arena *a = request_arena(q);
    uint8_t digest[SHA256_SIZE];
    struct token_row row;
    int r;

    *ret = NULL;
    if (strlen(token) > TOKEN_TEXT_MAX)
        return 0;
    sha256(token, strlen(token), digest);
    r = query_token(app_db(request_app(q)), a, digest, &row);
    if (r || !row.id)
        return r;
    *ret = arena_new(a, struct identity);
    **ret = (struct identity){
        .rights = access_rights_of_scope(row.scope),
        .token_id = row.id,
        .name = row.name,
        .role = row.scope,
        .actor = arena_printf(a, "token:%" PRId64, row.id),
    };
    return 0;
}

static int identify_session(struct request *q, struct identity **ret)
{
    struct arena *a = request_arena(q);
    struct session_row row;
    int r = session_find(q, &row);

    *ret = NULL;
    if (r || !row.user_id)
        return r;
    *ret = arena_new(a, struct identity);
    **ret = (struct identity){
        .rights = access_rights_of_role(row.role),
        .user_id = row.user_id,
        .name = row.name,
        .role = row.role,
        .actor = arena_printf(a, "user:%s", row.name),
        .csrf = row.csrf,
    };
    return 0;
}

/* --- The gate --- */

static bool is_read(struct request *q)
{
    return strcmp(request_method(q), "GET") == 0 || strcmp(request_method(q), "HEAD") == 0;
}

/* The token of `Authorization: Basic …` (RFC 7617), where it stands as the password; NULL. Whatever
 * is said to be the user does not matter. */
static const char *basic_token(struct request *q)
{
    struct str value = str_trim(str_from(request_header(q, "Authorization")));
    char *pair = arena_alloc(request_arena(q), BASIC_MAX + 1);
    const char *colon;
    size_t n;

    if (value.n <= strlen(BASIC) ||
        !str_eq_nocase((struct str){value.p, strlen(BASIC)}, STR(BASIC)))
        return NULL;
    value = str_trim((struct str){value.p + strlen(BASIC), value.n - strlen(BASIC)});
    if (sodium_base642bin((unsigned char *)pair, BASIC_MAX, value.p, value.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return NULL;
    pair[n] = '\0';
    colon = strchr(pair, ':');
    return colon && colon[1] ? colon + 1 : NULL;
}

static const char *token_of(struct request *q, uint64_t tag)
{
    const char *token = tag & PROGRAMS ? request_bearer(q) : NULL;

    return !token && tag & FEED ? basic_token(q) : token;
}

static void want_token(struct request *q, uint64_t tag, struct response *r)
{
    response_problem(
        r, q, 401,
        "Send `Authorization: Bearer TOKEN` with a token of scope read, write or admin: "
        "`corral-dashd --add-token read NAME` makes one.%s",
        is_read(q) ? "" : " To change something, a browser's session is not enough.");
    response_header(r, "WWW-Authenticate", "Bearer realm=\"corral\"");
    if (tag & FEED)
        response_header(r, "WWW-Authenticate", "Basic realm=\"corral: a token as password\"");
}

/* The page that was asked for is remembered, so that signing in leads there. */
static void want_sign_in(struct request *q, struct response *r)
{
    _cleanup_buf_ struct buf address;

    buf_init(&address, 16 * 1024);
    buf_adds(&address, "/login");
    if (is_read(q) && strcmp(request_target(q), "/") != 0) {
        buf_adds(&address, "?next=");
        html_percent(&address, request_target(q));
    }
    response_redirect(r, q, buf_error(&address) ? "/login" : buf_text(&address));
}

static int forbid(struct request *q, unsigned needed, struct response *r)
{
    static const struct {
        unsigned right;
        const char *words;
    } texts[] = {
        {MAY_ALL, "Only an administrator may do this."},
        {MAY_CORE, "A core holds the memory of the crashed process: the role developer or admin "
                   "(for a program: a token of scope "
                   "write or admin) is needed."},
        {MAY_SYMBOLS, "To fetch programs and their debug information, the role developer or admin "
                      "(for a program: a token of scope symbols, write or admin) is needed."},
        {MAY_TRIAGE, "To change a group, the role triager, developer or admin (for a "
                     "program: a token of scope write "
                     "or admin) is needed."},
        {MAY_READ,
         "This token's scope opens nothing here: one of scope read, write or admin is needed."},
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (needed & texts[i].right) {
            page_problem(q, r, 403, texts[i].words);
            break;
        }
    return 1;
}

/* Says in every answer how often the token may ask yet (draft-ietf-httpapi-ratelimit-headers). */
static int count_request(struct request *q, const struct identity *who, struct response *r)
{
    struct app *app = request_app(q);
    struct arena *a = request_arena(q);
    uint64_t limit = app->conf->api_rate;
    struct rate_state s;

    if (!who->token_id || limit == 0)
        return 0;
    s = rate_take(app->rate, who->token_id, limit, clock_mono());
    response_header(r, "RateLimit-Policy", arena_printf(a, "\"token\";q=%" PRIu64 ";w=60", limit));
    response_header(r, "RateLimit",
                    arena_printf(a, "\"token\";r=%" PRIu64 ";t=%" PRId64, s.left, s.seconds));
    if (!s.over)
        return 0;
    response_problem(r, q, 429,
                     "This token may ask %" PRIu64 " times a minute, which it has. Ask again in "
                     "%" PRId64 " seconds; `api_rate` in dashd.conf is the limit.",
                     limit, s.seconds);
    response_header(r, "Retry-After", arena_printf(a, "%" PRId64, s.seconds));
    return 1;
}

int access_before(struct request *q, const struct route *route, struct response *r)
{
    bool for_programs = route->tag & PROGRAMS;
    const char *token = token_of(q, route->tag);
    unsigned needed = route->tag & RIGHTS;
    struct identity *who = NULL;
    int outcome = 0;

    if (route->tag & ANYONE)
        return 0;
    if (token)
        outcome = identify_token(q, token, &who);
    else if (!for_programs || is_read(q))
        outcome = identify_session(q, &who);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return 1;
    }
    if (!who) {
        if (for_programs)
            want_token(q, route->tag, r);
        else
            want_sign_in(q, r);
        return 1;
    }
    request_set_identity(q, who);
    if (count_request(q, who, r))
        return 1;
    /* A route that names no right is a mistake of ours, and closed. */
    if (!needed || (who->rights & needed) != needed)
        return forbid(q, needed & ~who->rights, r);
    return 0;
}

/* --- Was it sent by one of our pages? --- */

/* "https://crash.example:8443/corral" → "crash.example:8443". */
static struct str authority_of(const char *url)
{
    struct str s = str_from(url), authority;
    ptrdiff_t at = str_find(s, STR("://"));

    if (at < 0)
        return (struct str){NULL, 0};
    s = (struct str){s.p + at + 3, s.n - (size_t)at - 3};
    return str_split(&s, '/', &authority) ? authority : (struct str){NULL, 0};
}

bool access_same_site(const struct access_origin *o)
{
    struct str origin = authority_of(o->origin);

    if (o->fetch_site)
        return strcmp(o->fetch_site, "same-origin") == 0;
    if (!o->origin)
        return true;
    /* Behind a proxy that speaks TLS only the host can be compared: the scheme is not ours. */
    return origin.n > 0 && (str_eq_nocase(origin, str_from(o->host)) ||
                            str_eq_nocase(origin, authority_of(o->public_url)));
}

static bool from_same_site(struct request *q)
{
    const struct app *app = request_app(q);
    struct access_origin o = {
        .fetch_site = request_header(q, "Sec-Fetch-Site"),
        .origin = request_header(q, "Origin"),
        .host = request_header(q, "Host"),
        .public_url = app->conf->public_url,
    };

    return access_same_site(&o);
}

int access_check_form(struct request *q, struct response *r)
{
    const struct identity *who = access_identity(q);
    const char *csrf = request_form(q, "csrf");
    bool good = from_same_site(q);

    /* Nobody is signed in yet on the sign-in page: then the headers alone must do. */
    if (who)
        good = good && who->csrf && csrf && mask_matches(csrf, who->csrf);
    if (good)
        return 0;
    page_problem(q, r, 403,
                 "This form was not sent by a page of this site in this session. Go back, reload "
                 "the page and try again.");
    return 1;
}

const char *access_safe_path(const char *path)
{
    if (!path || path[0] != '/' || path[1] == '/')
        return "/";
    /* Browsers read a backslash as a slash, and drop tabs and line breaks before they do. */
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        if (*p <= 0x20 || *p == '\\' || *p >= 0x7f)
            return "/";
    return path;
}
