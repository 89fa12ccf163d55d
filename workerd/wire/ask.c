/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/ask.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/wire/files.h"

static char packet[WIRE_PACKET_MAX]; /* the one at hand: a page that is touched is a page fault */

/* A packet goes whole or not at all. */
static int put(int socket, size_t n)
{
    ssize_t r;

    do {
        r = write(socket, packet, n);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

/* What is said in answer to the packet at hand, which has n bytes, and the descriptors that came
 * with it. The message is valid until the next call. */
static int send_and_hear(int socket, size_t n, struct parcel_fds *fds,
                         const struct wire_message **ret)
{
    static struct wire_message m;
    int r = put(socket, n);
    ssize_t got;

    if (r < 0)
        return r;
    got = parcel_receive(socket, packet, sizeof(packet), fds);
    if (got <= 0)
        return got < 0 ? (int)got : -EPIPE;
    r = wire_parse(packet, (size_t)got, &m);
    *ret = &m;
    return r;
}

static int ask(int socket, enum wire_kind kind, const struct wire_want *w, struct parcel_fds *fds,
               const struct wire_message **ret)
{
    return send_and_hear(socket, wire_format_want(kind, w, packet), fds, ret);
}

static int take_given(struct parcel_fds *fds, int *ret_fd)
{
    if (fds->n != 1)
        return -EBADMSG;
    *ret_fd = TAKE_FD(fds->list[0]);
    return 0;
}

static int take_refusal(struct str text, char *ret_text)
{
    memcpy(ret_text, text.p, text.n);
    ret_text[text.n] = '\0';
    return WIRE_HAS_REFUSED;
}

int wire_ask(int socket, const struct wire_want *w, int *ret_fd,
             char ret_text[static WIRE_TEXT_MAX + 1])
{
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    const struct wire_message *m;
    int r = ask(socket, WIRE_WANT, w, &fds, &m);

    if (r < 0)
        return r;
    switch (m->kind) {
    case WIRE_GIVEN:
        return take_given(&fds, ret_fd);
    case WIRE_NONE:
        return WIRE_HAS_NONE;
    case WIRE_REFUSED:
        return take_refusal(m->bytes, ret_text);
    default:
        return -EBADMSG;
    }
}

int wire_ask_files(int socket, const struct wire_want *w, struct parcel_fds *ret_fds,
                   uint32_t *ret_has)
{
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    const struct wire_message *m;
    int r = ask(socket, WIRE_SOURCE, w, &fds, &m);

    if (r < 0)
        return r;
    if (m->kind == WIRE_NONE)
        return WIRE_HAS_NONE;
    if (m->kind != WIRE_GIVEN || fds.n != files_count(m->has))
        return -EBADMSG;
    *ret_fds = fds;
    *ret_has = m->has;
    fds.n = 0;
    return 0;
}

ssize_t wire_ask_code(int socket, const struct wire_want *w, uint64_t offset, void *p, size_t n)
{
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    const struct wire_message *m;
    int r = send_and_hear(socket, wire_format_code(w, offset, packet), &fds, &m);

    if (r < 0)
        return r;
    if (m->kind == WIRE_NONE)
        return 0;
    if (m->kind != WIRE_BYTES)
        return -EBADMSG;
    if (n > m->bytes.n)
        n = m->bytes.n;
    memcpy(p, m->bytes.p, n);
    return (ssize_t)n;
}

int wire_hand_over(int socket, const void *p, size_t n)
{
    struct str rest = {p, n};
    size_t used, size = wire_format_result((uint32_t)n, rest, packet, &used);
    int r = put(socket, size);

    while (r == 0 && used < rest.n) {
        rest = (struct str){rest.p + used, rest.n - used};
        size = wire_format_piece(rest, packet, &used);
        r = put(socket, size);
    }
    return r;
}
