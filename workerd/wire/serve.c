/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/serve.h"

#include <errno.h>

#include "common/base/cleanup.h"
#include "workerd/wire/files.h"

struct service {
    int socket;
    struct vigil *vigil;
    const struct wire_provider *provider;
    struct buf *result;
    bool began;     /* RESULT was seen */
    uint32_t whole; /* bytes of it */
    unsigned wants, codes;
};

static const enum wire_kind kinds[] = {
    [WIRE_GIVES_NONE] = WIRE_NONE,
    [WIRE_GIVES_REFUSAL] = WIRE_REFUSED,
};

/* A child that asks waits for the answer: one that leaves answers unread does not. */
static int answer(struct service *s, const char *packet, size_t n, const struct parcel_fds *fds)
{
    int r = parcel_send(s->socket, packet, n, fds);

    if (r == -EPIPE || r == -ECONNRESET)
        return WIRE_HUNG_UP;
    return r == -EAGAIN ? WIRE_NONSENSE : r;
}

static int give_index(struct service *s, const struct wire_want *w)
{
    static char packet[WIRE_PACKET_MAX];
    _cleanup_fd_ int fd = -1;
    const char *problem = NULL;
    int r = s->provider->give(s->provider->arg, w, s->vigil, &fd, &problem);
    struct parcel_fds fds = {.list = {fd}, .n = fd >= 0};
    size_t n;

    if (r < 0)
        return r;
    n = r == 0 ? wire_format_given(0, packet) : wire_format_answer(kinds[r], problem, packet);
    return answer(s, packet, n, &fds);
}

static int give_files(struct service *s, const struct wire_want *w)
{
    static char packet[WIRE_PACKET_MAX];
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    uint32_t has = 0;
    int r = s->provider->give_files ? s->provider->give_files(s->provider->arg, w, &fds, &has)
                                    : WIRE_GIVES_NONE;
    size_t n;

    if (r < 0)
        return r;
    n = r == 0 ? wire_format_given(has, packet) : wire_format_answer(kinds[r], NULL, packet);
    return answer(s, packet, n, &fds);
}

static int give_code(struct service *s, const struct wire_message *m)
{
    static char packet[WIRE_PACKET_MAX];
    const struct parcel_fds fds = {.n = 0};
    char bytes[WIRE_CODE_MAX];
    ssize_t r = s->provider->give_code ? s->provider->give_code(s->provider->arg, &m->want,
                                                                m->offset, bytes, sizeof bytes)
                                       : 0;
    size_t n;

    if (r < 0)
        return (int)r;
    n = r > 0 ? wire_format_bytes((struct str){bytes, (size_t)r}, packet)
              : wire_format_answer(WIRE_NONE, NULL, packet);
    return answer(s, packet, n, &fds);
}

static int take_bytes(struct service *s, struct str bytes)
{
    if (bytes.n > s->whole - s->result->len)
        return WIRE_NONSENSE;
    buf_add(s->result, bytes.p, bytes.n);
    return buf_error(s->result);
}

static int hear(struct service *s, const struct wire_message *m)
{
    switch (m->kind) {
    case WIRE_WANT:
        if (s->began || ++s->wants > WIRE_WANTS_MAX)
            return WIRE_NONSENSE;
        return give_index(s, &m->want);
    case WIRE_SOURCE:
        if (s->began || ++s->wants > WIRE_WANTS_MAX)
            return WIRE_NONSENSE;
        return give_files(s, &m->want);
    case WIRE_CODE:
        if (s->began || ++s->codes > WIRE_CODES_MAX)
            return WIRE_NONSENSE;
        return give_code(s, m);
    case WIRE_RESULT:
        if (s->began)
            return WIRE_NONSENSE;
        s->began = true;
        s->whole = m->length;
        return take_bytes(s, m->bytes);
    case WIRE_PIECE:
        return s->began ? take_bytes(s, m->bytes) : WIRE_NONSENSE;
    default:
        return WIRE_NONSENSE;
    }
}

/* One packet. */
static int step(struct service *s)
{
    static char packet[WIRE_PACKET_MAX];
    static struct wire_message m;
    int r = vigil_await(s->vigil, s->socket);
    ssize_t n;

    if (r)
        return r;
    n = parcel_receive(s->socket, packet, sizeof(packet), NULL);
    if (n == 0)
        return WIRE_HUNG_UP;
    if (n < 0)
        return n == -EBADMSG ? WIRE_NONSENSE : (int)n;
    return wire_parse(packet, (size_t)n, &m) < 0 ? WIRE_NONSENSE : hear(s, &m);
}

int wire_serve(int socket, struct vigil *v, const struct wire_provider *p, struct buf *ret)
{
    struct service s = {.socket = socket, .vigil = v, .provider = p, .result = ret};
    int r;

    do {
        r = step(&s);
    } while (r == 0 && !(s.began && ret->len == s.whole));
    return r;
}
