/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/fetcher/fetch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/version.h"

#include "workerd/fetcher/address.h"

#define REDIRECTS_MAX 5
#define CONNECT_MSEC  10000
#define LITTLE_BYTES  1 /* a second: less for a quarter of the time is nothing */
#define USER_AGENT    "corral-fetcher/" CORRAL_VERSION
#define URL_HTTPS     "https://"

/* A transfer in progress. */
struct transfer {
    const struct fetch_order *order;
    int fd;
    uint64_t bytes;
    bool too_large, not_allowed, not_written;
};

void fetch_prepare(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        abort();
}

/* --- Called by libcurl --- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = arg;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        (!t->order->allow_private && !address_is_public(&a->addr, a->addrlen))) {
        t->not_allowed = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t write_body(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;

    n *= size;
    t->too_large = n > t->order->max_bytes - t->bytes;
    t->not_written = !t->too_large && io_write(t->fd, p, n) < 0;
    t->bytes += n;
    return t->too_large || t->not_written ? CURL_WRITEFUNC_ERROR : n;
}

/* --- The request --- */

static bool is_https(const char *url)
{
    return strncasecmp(url, URL_HTTPS, strlen(URL_HTTPS)) == 0;
}

static void set_limits(CURL *c, const struct fetch_order *o)
{
    long msec = (long)(o->timeout_usec / USEC_PER_MSEC);

    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, msec);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, msec < CONNECT_MSEC ? msec : CONNECT_MSEC);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)LITTLE_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, msec / 4000 + 1);
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)o->max_bytes);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
}

static void set_way(CURL *c, struct transfer *t)
{
    curl_easy_setopt(c, CURLOPT_URL, t->order->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
                     is_https(t->order->url) ? "https" : "http,https");
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, USER_AGENT);
}

/* --- What came of it --- */

static void say(struct fetch_answer *a, enum fetch_outcome outcome, const char *reason)
{
    a->outcome = outcome;
    snprintf(a->reason, sizeof(a->reason), "%s", reason);
}

/* An HTTP status of an error. */
static void judge_status(long status, struct fetch_answer *ret)
{
    char reason[64];

    snprintf(reason, sizeof(reason), "the server says %ld", status);
    say(ret, status == 404 || status == 410 ? FETCH_NOT_FOUND : FETCH_FAILED, reason);
}

static void judge(CURL *c, CURLcode code, const struct transfer *t, struct fetch_answer *ret)
{
    long status = 0;

    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (t->not_allowed && code != CURLE_OK)
        say(ret, FETCH_REFUSED, "the address is not public, and debuginfod_private is no");
    else if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
        say(ret, FETCH_REFUSED, "the file is larger than debuginfod_max");
    else if (t->not_written)
        say(ret, FETCH_FAILED, "the file cannot be written: is the disk full?");
    else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_TOO_MANY_REDIRECTS)
        say(ret, FETCH_REFUSED, "the server leads elsewhere than it may");
    else if (code == CURLE_HTTP_RETURNED_ERROR)
        judge_status(status, ret);
    else if (code != CURLE_OK)
        say(ret, FETCH_FAILED, curl_easy_strerror(code));
    else if (status != 200)
        judge_status(status, ret);
    else
        say(ret, FETCH_DONE, "");
    ret->bytes = t->bytes;
}

void fetch_file(const struct fetch_order *order, int fd, struct fetch_answer *ret)
{
    struct transfer t = {.order = order, .fd = fd};
    CURL *c = curl_easy_init();

    if (!c)
        abort();
    *ret = (struct fetch_answer){.version = TALK_VERSION};
    set_limits(c, order);
    set_way(c, &t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, write_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
    judge(c, curl_easy_perform(c), &t, ret);
    curl_easy_cleanup(c);
}
